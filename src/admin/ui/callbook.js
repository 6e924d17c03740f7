// The latest calls, live ones included, newest first.
import { effect, signal } from './vendor/signals-core.js';
import { get } from './api.js';
import { on, refetch } from './live.js';

/** Calls kept. */
const MOST = 500;

/** number → call, with `heardAt`, when it was last heard of. */
const book = new Map();
export const calls = signal([]);
export const fault = signal(null);
/** Calls the gateway did not tell one by one, because there were too many. */
export const skipped = signal(0);
let begun = false;

function show() {
  const all = [...book.values()].sort((a, b) => b.number - a.number);
  for (const old of all.splice(MOST)) book.delete(old.number);
  calls.value = all;
}

function put(call) {
  const known = book.get(call.number);
  if (known?.phase === 'over' && call.phase !== 'over') return;
  book.set(call.number, { ...call, heardAt: Date.now() });
}

async function load() {
  try {
    const { calls: all } = await get(`calls?limit=${MOST}`);
    book.clear();
    all.forEach(put);
    fault.value = null;
    show();
  } catch (error) {
    fault.value = error;
  }
}

/** Begins with the first page that shows them. */
export function start() {
  if (begun) return;
  begun = true;
  let waiting = false;
  on('call', (call) => {
    put(call);
    if (waiting) return;
    waiting = true;
    setTimeout(() => { waiting = false; show(); }, 120);
  });
  on('skipped', ({ calls: missed }) => { skipped.value += missed ?? 0; });
  effect(() => { void refetch.value; load(); });
}

export const again = load;
