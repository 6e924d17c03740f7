// The one stream of events every page lives on, and how the connection stands.
import { batch, effect, signal } from './vendor/signals-core.js';
import { follow } from './stream.js';
import { locked, token } from './token.js';

/** `{ live, since, fault, nextAt }` */
export const connection = signal({ live: false, since: Date.now(), fault: null, nextAt: null, fresh: true });
/** Grows whenever everything has to be asked for anew: after a break, or when events were lost. */
export const refetch = signal(0);

const listeners = new Map();
let waiting = [];

/** Hears one kind of event; returns how to stop. */
export function on(event, heard) {
  if (!listeners.has(event)) listeners.set(event, new Set());
  listeners.get(event).add(heard);
  return () => listeners.get(event).delete(heard);
}

/** Events of one frame of the screen are told together, so that each page is drawn once. */
function take(event, data) {
  waiting.push([event, data]);
  if (waiting.length === 1) (document.hidden ? setTimeout : requestAnimationFrame)(hand, 100);
}

function hand() {
  const events = waiting;
  waiting = [];
  batch(() => {
    for (const [event, data] of events) {
      if (event === 'lagged') refetch.value += 1;
      listeners.get(event)?.forEach((heard) => heard(data));
    }
  });
}

/** Topics beyond the usual ones, by who wants them. */
const extra = new Map();
const USUAL = 'servers,calls,facts,tools,sessions';
/** A page nobody looks at holds no stream: a browser opens six connections to a host, over all its tabs. */
const UNSEEN = 30_000;

let current = null;
let opened = false;

function open() {
  current?.abort();
  current = new AbortController();
  const topics = [USUAL, ...extra.keys()].join(',');
  const again = () => { refetch.value += 1; };
  follow(`events?topics=${topics}`, take, {
    signal: current.signal,
    state: (now) => {
      connection.value = now;
      if (!now.live) return;
      if (opened) again();
      opened = true;
    },
  });
}

/** Hears a further topic as long as somebody wants it; returns how to stop. */
export function want(topic) {
  const wanted = extra.get(topic) ?? 0;
  extra.set(topic, wanted + 1);
  if (!wanted) open();
  return () => {
    extra.set(topic, extra.get(topic) - 1);
    if (extra.get(topic) > 0) return;
    extra.delete(topic);
    open();
  };
}

/** Begins, and begins anew with each token. */
export function start() {
  effect(() => {
    const shut = locked.value;
    void token.value;
    if (shut) current?.abort();
    else open();
  });
  let timer;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(() => current?.abort(), UNSEEN);
    else if (current?.signal.aborted && !locked.value) open();
  });
}

/** Tries now instead of waiting. */
export const retry = () => open();
