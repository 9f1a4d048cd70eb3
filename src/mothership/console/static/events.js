// The live tail: server-sent events, shown above what is there. What machines wrote is only ever put in as text.
'use strict';

(() => {
  const live = document.getElementById('live'), list = document.getElementById('events');
  if (!live || !list) return;
  const ROWS_MAX = 500, WAITING_MAX = 500, TEXT_MAX = 500, DATA_MAX = 8000, HIDDEN_SECONDS = 60, BACK_OFF_SECONDS = [1, 2, 5, 10, 30];
  const SEVERITIES = [...document.querySelectorAll('#at-least option')].map((option) => option.value).filter(Boolean);
  const commands = new RegExp(live.dataset.commands, 'g');
  const escaped = (text) => text.replace(commands, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`);
  // A line break stays one; whatever else commands a terminal, or turns text around, is shown as its number.
  const harmless = (text) => text.split('\n').map(escaped).join('\n');
  const shortened = (text, most) => (text.length > most ? `${text.slice(0, most)}… (cut)` : text);

  const state = document.getElementById('live-state'), count = document.getElementById('live-count');
  const waitingButton = document.getElementById('live-waiting'), pauseButton = document.getElementById('live-pause');
  const template = document.getElementById('event-row');
  let waiting = [], waitingTotal = 0, seen = 0, missed = 0, paused = false, pointed = false, drawing = false;

  // --- rows ---
  const readable = (event) => {
    const { data } = event, severity = data && typeof data === 'object' ? data.severity_num : undefined;
    const message = data && typeof data === 'object' && typeof data.message === 'string' ? data.message : null;
    return { ...event, severity: Number.isInteger(severity) && severity in SEVERITIES ? severity : null, text: message ?? JSON.stringify(data), message };
  };
  const key = (event) => [event.ts, event.type, event.source, event.message?.slice(0, TEXT_MAX) ?? ''].join('\n');
  const row = (event) => {
    const made = template.content.firstElementChild.cloneNode(true), find = (name) => made.querySelector(name);
    const time = new Date(event.ts / 1000).toISOString();
    find('.date').textContent = time.slice(0, 10);
    find('.hour').textContent = time.slice(11, 23);
    const there = (path, parameters) => `/console/${path}?${new URLSearchParams(parameters)}`;
    find('.in-context').href = there('events/context', { source: event.source, ts: event.ts });
    find('.same-source').href = there('events', { source: event.source });
    find('.same-type').href = there('events', { type: event.type });
    made.dataset.data = JSON.stringify(event.data);
    find('.type').textContent = harmless(shortened(event.type, TEXT_MAX));
    find('.source').textContent = harmless(shortened(event.source, TEXT_MAX));
    find('.message').textContent = harmless(shortened(event.text, TEXT_MAX));
    if (event.severity !== null) {
      made.dataset.severity = event.severity;
      find('.severity').textContent = SEVERITIES[event.severity];
    }
    made.addEventListener('toggle', () => {
      const shown = find('pre');
      if (made.open && !shown.textContent) shown.textContent = harmless(shortened(JSON.stringify(event.data, null, 1), DATA_MAX)) + (event.is_cut ? '\n… (cut)' : '');
    });
    made.dataset.key = key(event);
    return made;
  };
  const note = (text, href) => {
    const made = document.createElement('p');
    made.className = 'note warn';
    made.textContent = text;
    if (href) {
      const link = document.createElement('a');
      link.href = href;
      link.textContent = 'Search that time';
      made.append(' ', link);
    }
    return made;
  };

  // --- what is shown, and what waits ---
  const isHeld = () => paused || pointed || list.contains(document.activeElement) || list.querySelector('details[open]') !== null || list.getBoundingClientRect().top < 0;
  const tell = () => {
    const parts = [`${seen.toLocaleString('en')} since ${began.toISOString().slice(11, 19)}Z`];
    if (missed) parts.push(`${missed.toLocaleString('en')} left out: more than a live tail shows`);
    count.textContent = parts.join(' · ');
    waitingButton.hidden = !waitingTotal;
    waitingButton.textContent = waitingTotal > waiting.length ? `Show the last ${waiting.length} of ${waitingTotal.toLocaleString('en')} waiting` : `Show ${waitingTotal} waiting`;
    document.title = waitingTotal ? `(${waitingTotal.toLocaleString('en')}) ${title}` : title;
  };
  const title = document.title;
  const show = (made) => {
    list.prepend(...made.slice(-ROWS_MAX).reverse());
    while (list.childElementCount > ROWS_MAX) list.lastElementChild.remove();
  };
  const release = () => {
    const made = waiting.map(({ make }) => make());
    waiting = [];
    waitingTotal = 0;
    show(made);
    tell();
  };
  const draw = () => {
    drawing = false;
    if (!isHeld()) release();
    else tell();
  };
  // A hidden page draws nothing, and a page that is looked at draws once a frame.
  const add = (make, itsKey) => {
    waiting.push({ make, key: itsKey });
    waitingTotal += 1;
    if (waiting.length > WAITING_MAX) waiting.shift();
    if (!drawing) {
      drawing = true;
      requestAnimationFrame(draw);
    }
  };
  const setPaused = (now) => {
    paused = now;
    pauseButton.textContent = paused ? 'Resume' : 'Pause';
    pauseButton.setAttribute('aria-pressed', String(paused));
    if (paused) tell();
    else release();
  };
  pauseButton.addEventListener('click', () => setPaused(!paused));
  waitingButton.addEventListener('click', () => {
    release();
    if (waitingButton === document.activeElement || document.activeElement === document.body) pauseButton.focus();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'p' && !event.ctrlKey && !event.metaKey && !event.altKey && !event.target.closest('input, textarea, select')) setPaused(!paused);
  });
  list.addEventListener('pointerenter', () => { pointed = true; });
  list.addEventListener('pointerleave', () => { pointed = false; draw(); });
  list.addEventListener('focusout', () => setTimeout(draw));
  list.addEventListener('toggle', () => draw(), true);
  document.addEventListener('scroll', () => { if (waiting.length && !drawing && !isHeld()) release(); }, { passive: true });

  // --- the connection ---
  let connection = null, attempts = 0, lost = null, began = new Date(), retry = 0;
  const setState = (kind, text) => {
    state.className = `state ${kind}`;
    if (state.textContent !== text) state.textContent = text;
  };
  const search = (parameters) => {
    const there = new URL(live.dataset.address, location.href);
    there.searchParams.delete('live');
    Object.entries(parameters).forEach(([name, value]) => there.searchParams.set(name, value));
    return there;
  };
  // What was stored between the page, or the last connection, and this one: the database knows.
  const fill = async () => {
    if (live.dataset.search !== 'true') return;
    const there = search({});
    there.pathname += '.json';
    const answer = await fetch(there, { headers: { accept: 'application/json' } });
    if (!answer.ok) return;
    const { events } = await answer.json();
    const shown = new Map([...list.querySelectorAll('[data-id]')].map((each) => [each.dataset.id, each]));
    const known = new Set([...[...list.children].map((each) => each.dataset.key), ...waiting.map((each) => each.key)]);
    for (const stored of events.reverse()) {
      const event = readable({ ...stored, data: parsed(stored) });
      const there = shown.get(stored.id);
      if (there) there.dataset.key = key(event);
      else if (!known.has(key(event))) add(() => row(event), key(event));
    }
  };
  const parsed = (stored) => {
    try { return JSON.parse(stored.data); } catch { return { message: stored.text, severity_num: stored.severity_num }; }
  };
  const handle = (name, content) => {
    if (name === '') {
      seen += 1;
      const event = readable(content);
      add(() => row(event), key(event));
    } else if (name === 'missed') {
      missed += content.events;
      tell();
    } else if (name === 'following') {
      setState('good', 'Live');
      attempts = 0;
      const from = lost;
      lost = null; // at once: what comes back late says nothing about a connection that is lost meanwhile
      if (from !== null) {
        const until = new Date();
        const text = `Not followed for ${Math.max(1, Math.round((until - from) / 1000))} s, until ${until.toISOString().slice(11, 19)}Z.`;
        add(() => note(text, live.dataset.search === 'true' ? search({ since: from.toISOString(), until: until.toISOString() }) : null));
      }
      fill().catch(() => { if (lost !== null) lost = from ?? lost; });
    } else if (name === 'end') {
      ended = content.reason;
    }
  };
  let ended = '';
  const read = async (body) => {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const messages = (rest + value.replaceAll('\r\n', '\n')).split('\n\n');
      rest = messages.pop();
      for (const message of messages) {
        const lines = message.split('\n'), named = lines.find((line) => line.startsWith('event: ')), data = lines.find((line) => line.startsWith('data: '));
        if (data) handle(named ? named.slice(7) : '', JSON.parse(data.slice(6)));
      }
    }
  };
  const connect = async () => {
    clearTimeout(retry);
    const mine = connection = new AbortController();
    let reason = '';
    ended = '';
    try {
      const answer = await fetch(live.dataset.address, { headers: { accept: 'text/event-stream' }, signal: mine.signal });
      if (answer.ok) {
        await read(answer.body);
        reason = ended;
      } else if (answer.status === 401) {
        setState('bad', 'Signed out: load the page again');
        return;
      } else {
        reason = (await answer.json().catch(() => ({}))).reason ?? `answered ${answer.status}`;
        if (answer.status === 400 || answer.status === 403) {
          setState('bad', reason);
          return;
        }
      }
    } catch { /* the network, or the page is hidden */ }
    if (connection !== mine || mine.signal.aborted) return;
    lost ??= new Date();
    const seconds = BACK_OFF_SECONDS[Math.min(attempts, BACK_OFF_SECONDS.length - 1)] * (0.75 + Math.random() / 2);
    attempts += 1;
    setState('bad', `Not connected since ${lost.toISOString().slice(11, 19)}Z${reason ? `: ${reason}` : ''}. Trying again`);
    retry = setTimeout(connect, 1000 * seconds);
  };

  // A tab that nobody looks at gives its connection back: a browser has few for each server.
  let hiding = 0;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiding);
    if (document.visibilityState === 'hidden') {
      hiding = setTimeout(() => {
        clearTimeout(retry);
        connection?.abort();
        connection = null;
        lost ??= new Date();
        setState('off', 'Resting while the page is hidden');
      }, 1000 * HIDDEN_SECONDS);
    } else if (connection === null) {
      connect();
    }
  });
  addEventListener('pagehide', () => connection?.abort());
  addEventListener('pageshow', (event) => { if (event.persisted) connect(); });
  tell();
  connect();
})();
