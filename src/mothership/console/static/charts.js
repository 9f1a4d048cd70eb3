// The charts of the overview: the last hour, then every few seconds what is new.
'use strict';

(() => {
  const HOUR = 3600;
  const figures = [...document.querySelectorAll('[data-chart]')];
  const colours = () => {
    const style = getComputedStyle(document.documentElement);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return { ink: of('soft'), grid: of('line'), series: [1, 2, 3, 4, 5, 6].map((n) => of(`series-${n}`)), other: of('soft') };
  };
  const rate = (value) => (value == null ? '–' : value >= 100 ? value.toFixed(0) : value.toFixed(1));
  const seconds = (value) => (value == null ? '–' : value < 1 ? `${(1000 * value).toFixed(0)} ms` : `${value.toFixed(1)} s`);
  const count = (value) => (value == null ? '–' : Math.round(value).toLocaleString('en'));
  const clock = (time, hasSeconds) => new Date(1000 * time).toISOString().slice(11, hasSeconds ? 19 : 16);
  const short = (value) => (value >= 1e6 ? `${value / 1e6}M` : value >= 1e3 ? `${value / 1e3}k` : `${value}`);

  // Of each chart: where its lines are in the history, and how a value is written.
  const CHARTS = {
    types: { lines: (h) => h.types, show: rate, stacked: true },
    answers: { lines: (h) => ({ 'half of them': h.answer_seconds.p50, '95 of 100': h.answer_seconds.p95, slowest: h.answer_seconds.max }), show: seconds, axis: seconds, dots: true },
    waiting: { lines: (h) => prefixed(h.levels, 'queued.'), show: count },
    refused: { lines: (h) => ({ 'rejected events': h.rates.rejected, 'refused requests': h.rates.refused }), show: rate },
  };
  const prefixed = (table, prefix) =>
    Object.fromEntries(Object.entries(table).filter(([name]) => name.startsWith(prefix)).map(([name, values]) => [name.slice(prefix.length), values]));

  let history = { at: [], types: {}, rates: {}, levels: {}, answer_seconds: {} };
  // What is not told of a time: nothing was counted, or nothing was measured.
  const TABLES = { types: 0, rates: 0, levels: 0, answer_seconds: null };
  const append = (news) => {
    const from = history.at.findIndex((at) => at > (news.at.at(-1) ?? 0) - HOUR);
    const keep = (values) => (from < 0 ? [] : values.slice(from));
    const before = keep(history.at).length;
    for (const [table, missing] of Object.entries(TABLES)) {
      const names = new Set([...Object.keys(history[table]), ...Object.keys(news[table])]);
      history[table] = Object.fromEntries([...names].map((name) => [name, [
        ...(history[table][name] ? keep(history[table][name]) : Array(before).fill(missing)),
        ...(news[table][name] ?? Array(news.at.length).fill(missing))]]));
    }
    history.at = [...keep(history.at), ...news.at];
    history.step_seconds = news.step_seconds;
  };

  // A pause of the service is a gap in the line.
  const withGaps = (at, lines, step) => {
    const times = [], columns = lines.map(() => []);
    at.forEach((time, i) => {
      if (i && time - at[i - 1] > 3 * step) {
        times.push(at[i - 1] + step);
        columns.forEach((column) => column.push(null));
      }
      times.push(time);
      columns.forEach((column, n) => column.push(lines[n][i] ?? null));
    });
    return [times, columns];
  };
  const stack = (columns) => {
    const sums = (columns[0] ?? []).map(() => 0);
    return columns.map((column) => column.map((value, i) => (value == null ? null : (sums[i] += value))));
  };

  const plots = new Map();
  const draw = (figure) => {
    const chart = CHARTS[figure.dataset.chart], place = figure.querySelector('.plot');
    const found = Object.entries(chart.lines(history)).filter(([, values]) => values && values.length);
    const names = found.map(([name]) => name), key = names.join('\n');
    const [at, raw] = withGaps(history.at, found.map(([, values]) => values), history.step_seconds ?? 5);
    // The line that is drawn first lies below: of a stack that is the sum of all.
    const drawn = chart.stacked ? stack(raw).reverse() : raw, order = chart.stacked ? names.toReversed() : names;
    const rows = chart.stacked ? raw.toReversed() : raw;
    const known = plots.get(figure);
    if (known && known.key === key && known.width === place.clientWidth) {
      known.rows = rows;
      known.plot.setData([at, ...drawn]);
      return;
    }
    known?.plot.destroy();
    const now = { key, rows, width: place.clientWidth };
    const colour = colours(), axis = { stroke: colour.ink, grid: { stroke: colour.grid, width: 1 }, ticks: { show: false }, font: '11px system-ui' };
    const pick = (name) => (name === 'other' ? colour.other : colour.series[names.indexOf(name) % colour.series.length]);
    now.plot = new uPlot({
      width: place.clientWidth,
      height: 170,
      tzDate: (time) => uPlot.tzDate(new Date(1000 * time), 'Etc/UTC'),
      cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_u, _low, high) => [0, high > 0 ? 1.1 * high : 1] } },
      axes: [{ ...axis, values: (_u, ticks, _axis, _space, step) => ticks.map((time) => clock(time, step < 60)), space: 60 }, { ...axis, size: 52, values: (_u, ticks) => ticks.map(chart.axis ?? short) }],
      series: [{ label: 'time', value: (_u, time) => (time == null ? '–' : `${clock(time, true)}Z`) },
        ...order.map((name, n) => ({
          label: name, stroke: pick(name), width: 1.5, points: { show: chart.dots ?? false, size: 3 }, spanGaps: false,
          fill: chart.stacked ? pick(name) : undefined,
          value: (_u, _value, _series, i) => chart.show(i == null ? now.rows[n].at(-1) : now.rows[n][i]),
        }))],
    }, [at, ...drawn], place);
    plots.set(figure, now);
  };
  const drawAll = () => figures.forEach(draw);
  const redrawAll = () => { plots.forEach((known) => { known.key = null; }); drawAll(); };

  let busy = false;
  const refresh = async () => {
    if (busy || document.visibilityState !== 'visible') return;
    busy = true;
    try {
      const answer = await fetch(`/console/overview/history.json?since=${history.at.at(-1) ?? 0}`);
      if (answer.ok) {
        append(await answer.json());
        drawAll();
      }
    } catch { /* the page says so already */ } finally { busy = false; }
  };
  refresh();
  setInterval(refresh, 5000);
  document.addEventListener('visibilitychange', refresh);
  new ResizeObserver(drawAll).observe(document.querySelector('.charts'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', redrawAll);
})();
