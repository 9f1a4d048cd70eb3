// What every page does: parts that say `data-refresh-seconds` are asked for anew while the page is looked at.
'use strict';

(() => {
  const offline = document.getElementById('offline');
  let answered = new Date();
  const tell = (away) => {
    if (!offline) return;
    offline.hidden = !away;
    offline.querySelector('.since').textContent = `${answered.toISOString().slice(11, 19)}Z`;
  };
  document.addEventListener('htmx:afterRequest', (event) => {
    if (event.detail.successful) answered = new Date();
    tell(!event.detail.successful);
  });

  // Work that is done in parts goes on by itself.
  for (const form of document.querySelectorAll('form[data-continue]')) setTimeout(() => form.submit(), 300);

  for (const part of document.querySelectorAll('[data-refresh-seconds]')) {
    let busy = false;
    part.addEventListener('htmx:afterRequest', () => { busy = false; });
    const refresh = () => {
      if (busy || document.visibilityState !== 'visible') return;
      busy = true;
      htmx.trigger(part, 'refresh');
    };
    setInterval(refresh, 1000 * Number(part.dataset.refreshSeconds));
    document.addEventListener('visibilitychange', refresh);
  }
})();
