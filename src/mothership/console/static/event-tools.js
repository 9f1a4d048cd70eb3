// Beside the list of events: a histogram to drag, highlighting, filters by a click on a value, views, copying.
'use strict';

(() => {
  // --- highlight: the browser marks what is there, the list stays as it is ---
  const input = document.getElementById('highlight'), list = document.getElementById('events');
  const highlight = () => {
    const word = input.value.trim().toLowerCase();
    CSS.highlights.delete('searched');
    if (!word) return;
    const ranges = [];
    const walker = document.createTreeWalker(list, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node && ranges.length < 5000; node = walker.nextNode()) {
      const text = node.data.toLowerCase();
      if (text.length !== node.data.length) continue;
      for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, at);
        range.setEnd(node, at + word.length);
        ranges.push(range);
      }
    }
    CSS.highlights.set('searched', new Highlight(...ranges));
  };
  if (input && list && globalThis.Highlight) {
    let due = 0;
    const soon = () => { due ||= setTimeout(() => { due = 0; highlight(); }, 150); };
    input.addEventListener('input', soon);
    input.form?.addEventListener('submit', (event) => event.preventDefault());
    new MutationObserver(soon).observe(list, { childList: true, subtree: true });
    soon();
  }

  // --- a click on a value filters by it ---
  const here = () => new URL(document.querySelector('[data-question]')?.dataset.question || '', location.href);
  const filtered = (name, path, value) => {
    const there = here();
    const wanted = path.reduceRight((inner, key) => ({ [key]: inner }), value);
    there.searchParams.append(name, JSON.stringify(wanted));
    there.searchParams.delete('before');
    return there;
  };
  const commands = new RegExp(list?.dataset.commands || '[]', 'g');
  const harmless = (text) => text.replace(commands, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const FIELDS_MAX = 60, DEPTH_MAX = 4, VALUE_MAX = 300;
  const leaves = function* (value, path) {
    for (const [key, part] of Object.entries(value)) {
      if (part && typeof part === 'object' && !Array.isArray(part) && path.length < DEPTH_MAX) yield* leaves(part, [...path, key]);
      else if (typeof part === 'string' || typeof part === 'boolean' || Number.isSafeInteger(part)) yield [[...path, key], part];
    }
  };
  const fields = (row) => {
    let data;
    try { data = JSON.parse(row.dataset.data ?? row.querySelector('pre').textContent); } catch { return; }
    if (!data || typeof data !== 'object' || Array.isArray(data)) return;
    const table = document.createElement('dl');
    table.className = 'left fields-of';
    for (const [path, value] of leaves(data, [])) {
      if (table.childElementCount >= 2 * FIELDS_MAX) break;
      if (typeof value === 'string' && value.length > VALUE_MAX) continue;
      const name = document.createElement('dt'), cell = document.createElement('dd');
      name.textContent = harmless(path.join('.'));
      const only = document.createElement('a'), not = document.createElement('a');
      only.textContent = harmless(String(value)) || '""';
      only.href = filtered('has', path, value);
      only.title = 'Only events with this';
      not.textContent = '≠';
      not.href = filtered('lacks', path, value);
      not.title = 'No events with this';
      not.setAttribute('aria-label', `No events with this ${name.textContent}`);
      cell.append(only, ' ', not);
      table.append(name, cell);
    }
    row.querySelector('pre').before(table);
  };
  list?.addEventListener('toggle', (event) => {
    const row = event.target;
    if (row.open && row.classList.contains('event-row') && !row.querySelector('.fields-of')) fields(row);
  }, true);

  // --- copying ---
  for (const button of document.querySelectorAll('[data-copy]')) {
    button.addEventListener('click', async () => {
      const text = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(text.textContent);
      } catch {  // not over plain HTTP from another machine: then it is selected, for Ctrl-C
        text.closest('details')?.setAttribute('open', '');
        getSelection().selectAllChildren(text);
        button.textContent = 'Selected: press Ctrl-C';
        return;
      }
      const said = button.textContent;
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = said; }, 1500);
    });
  }

  // --- views: this browser keeps them, the service knows nothing of them ---
  const KEY = 'mothership.views', VIEWS_MAX = 50;
  const read = () => {
    try {
      const found = JSON.parse(localStorage.getItem(KEY) ?? '[]');
      return found.filter((view) => typeof view.name === 'string' && typeof view.query === 'string').slice(0, VIEWS_MAX);
    } catch { return []; }
  };
  const write = (views) => { try { localStorage.setItem(KEY, JSON.stringify(views)); } catch { /* it is full, or forbidden */ } };
  const views = document.getElementById('views'), saving = document.getElementById('save-view');
  const show = () => {
    views.replaceChildren(...read().map(({ name, query }) => {
      const item = document.createElement('li'), link = document.createElement('a'), drop = document.createElement('button');
      link.textContent = name;
      link.href = `/console/events${query.startsWith('?') ? query : ''}`;
      if (query === location.search) link.setAttribute('aria-current', 'page');
      drop.type = 'button';
      drop.className = 'quiet small';
      drop.textContent = '✕';
      drop.setAttribute('aria-label', `Forget the view ${name}`);
      drop.addEventListener('click', () => { write(read().filter((view) => view.name !== name)); show(); });
      item.append(link, ' ', drop);
      return item;
    }));
  };
  if (views && saving) {
    saving.addEventListener('submit', (event) => {
      event.preventDefault();
      const name = saving.elements.name.value.trim().slice(0, 80);
      if (!name) return;
      const parameters = new URLSearchParams(location.search);
      ['before', 'facets'].forEach((one) => parameters.delete(one));
      if (input?.value) parameters.set('highlight', input.value);
      write([...read().filter((view) => view.name !== name), { name, query: parameters.size ? `?${parameters}` : '' }].slice(-VIEWS_MAX));
      saving.reset();
      show();
    });
    show();
  }

  // --- the histogram ---
  const figure = document.getElementById('histogram');
  if (!figure) return;
  const place = figure.querySelector('.plot'), said = figure.querySelector('.said');
  const iso = (seconds) => new Date(1000 * seconds).toISOString().replace('.000Z', 'Z');
  let plot = null, found = null;
  const go = (since, until) => {
    const there = here();
    there.searchParams.set('since', iso(since));
    there.searchParams.set('until', iso(until));
    location.assign(there);
  };
  const draw = () => {
    plot?.destroy();
    const style = getComputedStyle(document.documentElement), colour = (name) => style.getPropertyValue(`--${name}`).trim();
    const width = found.width / 1e6, begin = found.begin / 1e6;
    const axis = { stroke: colour('soft'), grid: { show: false }, ticks: { show: false }, font: '11px system-ui' };
    const at = found.counts.map((_, i) => begin + i * width);
    plot = new uPlot({
      width: place.clientWidth, height: 110, legend: { show: false },
      tzDate: (time) => uPlot.tzDate(new Date(1000 * time), 'Etc/UTC'),
      cursor: { drag: { x: true, y: false, setScale: false }, points: { show: false }, y: false },
      scales: { x: { range: [found.since / 1e6, found.until / 1e6] }, y: { range: (_u, _low, high) => [0, Math.max(1, 1.1 * high)] } },
      axes: [{ ...axis, space: 80, size: 38, values: [[86400, '{YYYY}-{MM}-{DD}', ...Array(6).fill(null), 1], [60, '{HH}:{mm}', '\n{YYYY}-{MM}-{DD}', ...[null, '\n{MM}-{DD}', null, null, null], 1], [1, '{HH}:{mm}:{ss}', ...Array(6).fill(null), 1]] }, { ...axis, size: 48 }],
      series: [{}, { stroke: colour('series-1'), fill: colour('series-1'), width: 0, paths: uPlot.paths.bars({ size: [0.9, 40], align: 1 }), points: { show: false } }],
      hooks: {
        setCursor: [(u) => {
          const i = u.cursor.left >= 0 ? Math.floor((u.posToVal(u.cursor.left, 'x') - begin) / width) : -1;
          if (found.counts[i] !== undefined) said.textContent = `${iso(begin + i * width).replace('T', ' ')}: ${found.is_estimate ? 'about ' : ''}${found.counts[i].toLocaleString('en')} events in ${width < 60 ? `${width} s` : width < 3600 ? `${width / 60} min` : `${width / 3600} h`}`;
          else said.textContent = summary();
        }],
        setSelect: [(u) => {
          if (u.select.width < 4) return;
          go(Math.floor(u.posToVal(u.select.left, 'x')), Math.ceil(u.posToVal(u.select.left + u.select.width, 'x')));
        }],
      },
    }, [at, found.counts], place);
  };
  const summary = () => `${found.is_estimate ? 'About ' : ''}${found.counts.reduce((sum, count) => sum + count, 0).toLocaleString('en')} events from ${iso(Math.round(found.since / 1e6)).replace('T', ' ')} to ${iso(Math.round(found.until / 1e6)).replace('T', ' ')}. Drag to look closer.`;
  const load = async () => {
    const there = here();
    there.pathname = '/console/events/histogram.json';
    const answer = await fetch(there, { headers: { accept: 'application/json' } });
    const content = await answer.json();
    if (!answer.ok) {
      said.textContent = `Not counted: ${content.reason}`;
      return;
    }
    found = content;
    said.textContent = summary();
    draw();
    let drawn = place.clientWidth;
    new ResizeObserver(() => { if (place.clientWidth !== drawn) { drawn = place.clientWidth; draw(); } }).observe(place);
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  };
  load().catch(() => { said.textContent = 'Not counted: no answer.'; });
})();
