// What was pasted stays here: the service answers with places, and they are put into the text that the browser has.
'use strict';

(() => {
  const HIDDEN = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]/g;
  const visible = (text) => text.replace(HIDDEN, (one) => `\\u${one.codePointAt(0).toString(16).padStart(4, '0')}`);
  const SHOWN_MAX = 20000;

  const mark = (rule, text) => {
    const made = document.createElement('mark');
    made.textContent = visible(text);
    if (rule) {
      made.title = rule;
      const name = document.createElement('span');
      name.className = 'rule';
      name.textContent = rule;
      made.append(name);
    }
    return made;
  };

  // A text in pieces: what rules hit marked, all else as it is. Places count characters, not JavaScript's units.
  const pieces = (into, text, hits, write = (part) => part) => {
    const characters = Array.from(text);
    let at = 0;
    for (const hit of [...hits].sort((one, other) => one.start - other.start)) {
      if (hit.start < at || hit.end > characters.length || hit.start >= hit.end) continue;
      into.append(visible(write(characters.slice(at, hit.start).join(''))));
      into.append(mark(hit.rule, write(characters.slice(hit.start, hit.end).join(''))));
      at = hit.end;
    }
    into.append(visible(write(characters.slice(at).join(''))));
  };

  const inJson = (text) => JSON.stringify(text).slice(1, -1);

  // An event as JSON with its hits; a whole field that went is marked with its value.
  const tree = (into, value, path, hits, indent) => {
    const here = hits.filter((hit) => hit.path.length === path.length && path.every((part, i) => part === hit.path[i]));
    const whole = here.find((hit) => hit.start < 0);
    if (typeof value === 'string' && here.some((hit) => hit.start >= 0)) {
      into.append('"');
      pieces(into, value, here, inJson);
      into.append('"');
      if (whole) into.append(' ', mark(`${whole.rule}, somewhere in it`, ''));
    } else if (whole) {
      into.append(mark(whole.rule, JSON.stringify(value)));
    } else if (typeof value === 'string') {
      into.append(`"${visible(inJson(value))}"`);
    } else if (value === null || typeof value !== 'object') {
      into.append(here.length ? mark(here[0].rule, String(value)) : String(value));
    } else {
      const isList = Array.isArray(value);
      const entries = Object.entries(value);
      into.append(isList ? '[' : '{');
      const keys = isList ? [] : hits.filter((hit) => hit.path.length === path.length + 1 && hit.path.at(-1) === '(key)'
        && path.every((part, i) => part === hit.path[i]));
      entries.forEach(([key, inner], number) => {
        into.append(`${number ? ',' : ''}\n${'  '.repeat(indent + 1)}`);
        if (!isList) into.append(`"${visible(inJson(key))}": `);
        tree(into, inner, [...path, key], hits, indent + 1);
      });
      if (keys.length) into.append(` `, mark(`${keys[0].rule} (in a key)`, ''));
      into.append(entries.length ? `\n${'  '.repeat(indent)}` : '', isList ? ']' : '}');
    }
  };

  const parsed = (text) => { try { return JSON.parse(text); } catch { return undefined; } };

  const show = (section, text) => {
    const lines = text.split('\n');
    for (const part of section.querySelectorAll('[data-before]')) {
      const hits = JSON.parse(part.dataset.hits);
      const out = part.querySelector('pre');
      const line = lines[Number(part.dataset.before) - 1] ?? '';
      if (part.dataset.text === '1') {
        if (line.length > SHOWN_MAX) continue;
        pieces(out, line, hits.filter((hit) => hit.start >= 0));
      } else {
        const event = parsed(line) ?? parsed(text);
        if (event === undefined) continue;
        tree(out, event, [], hits, 0);
      }
      part.hidden = false;
    }
  };

  let pasted = '';
  const examples = {};
  const rows = (text) => text.split('\n').filter((line) => line.trim());
  document.addEventListener('htmx:beforeRequest', (event) => {
    const form = event.target;
    if (form.matches('form[data-marks]')) pasted = form.elements.text.value;
    if (form.matches('form[data-examples]')) {
      for (const name of ['positives', 'negatives']) examples[name] = rows(form.elements[name].value);
    }
  });
  document.addEventListener('htmx:afterSettle', () => {
    const tried = document.getElementById('tried');
    if (tried && !tried.dataset.shown) { tried.dataset.shown = '1'; show(tried, pasted); }
    for (const one of document.querySelectorAll('[data-example]:not([data-shown])')) {
      const text = (examples[one.dataset.example] ?? [])[Number(one.dataset.number) - 1];
      one.dataset.shown = '1';
      if (text === undefined) continue;
      one.textContent = '';
      pieces(one, text, JSON.parse(one.dataset.hits));
    }
  });
})();
