// Which page is shown: the path below /ui and its query, by the browser's own history.
import { signal, computed } from './vendor/signals-core.js';

const ROOT = '/ui';
const here = () => ({ path: decodePath(location.pathname), search: location.search });

function decodePath(path) {
  return path.replace(/^\/ui\/?/, '').split('/').filter(Boolean).map((one) => {
    try { return decodeURIComponent(one); } catch { return one; }
  });
}

const at = signal(here());

/** The parts of the path: `['servers', 'git']`. */
export const route = computed(() => at.value.path);
/** The query, as an object. */
export const asked = computed(() => Object.fromEntries(new URLSearchParams(at.value.search)));

/** The address of a page. */
export const to = (...parts) => `${ROOT}/${parts.map(encodeURIComponent).join('/')}`;

export function go(url, { replace = false } = {}) {
  history[replace ? 'replaceState' : 'pushState'](null, '', url);
  const before = at.value.path.join('/');
  at.value = here();
  if (at.value.path.join('/') !== before) arrive();
}

/** Remembers filters in the address, so that a page can be sent to somebody. */
export function refine(values) {
  const query = new URLSearchParams(location.search);
  for (const [key, value] of Object.entries(values)) {
    if (value === '' || value === null || value === undefined || value === false) query.delete(key);
    else query.set(key, value === true ? '1' : value);
  }
  const text = query.toString();
  go(location.pathname + (text ? `?${text}` : ''), { replace: true });
}

/**
 * A new page begins at its top, and with its heading for those who listen. Once what led there is
 * rendered, and no later: the next key may put the focus elsewhere before anything is painted.
 */
function arrive() {
  scrollTo(0, 0);
  queueMicrotask(() => document.getElementById('main')?.focus({ preventScroll: true }));
}

addEventListener('popstate', () => { at.value = here(); });

document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.('a[href]');
  if (!link || link.target || link.hasAttribute('download')) return;
  const url = new URL(link.href);
  if (url.origin !== location.origin || !url.pathname.startsWith(`${ROOT}/`)) return;
  if (url.hash && url.pathname === location.pathname) return;
  event.preventDefault();
  go(url.pathname + url.search);
});
