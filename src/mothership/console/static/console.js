// What every page does: parts that say `data-refresh-seconds` are asked for anew while the page is looked at.
'use strict';

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
