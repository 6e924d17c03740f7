// Server-sent events read by fetch, so that the token can be sent along.
import { send, Fault } from './api.js';

/** Longest silence: the gateway sends a comment each 15 s. */
const SILENCE = 45_000;

/** Reads a stream to its end; `heard(event, data)` for each event. Throws when it breaks. */
export async function read(path, heard, { signal, opened } = {}) {
  const own = new AbortController();
  const stop = () => own.abort();
  signal?.addEventListener('abort', stop);
  let watch;
  const alive = () => { clearTimeout(watch); watch = setTimeout(stop, SILENCE); };
  try {
    alive();
    const answer = await send('GET', path, { signal: own.signal, accept: 'text/event-stream' });
    opened?.();
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    const parser = new Parser(heard);
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      alive();
      parser.feed(value);
    }
  } catch (error) {
    if (error instanceof Fault || signal?.aborted) throw error;
    throw new Fault({ code: 'cut', message: 'The stream was cut.', remedy: 'It is opened again by itself.' });
  } finally {
    clearTimeout(watch);
    signal?.removeEventListener('abort', stop);
    own.abort();
  }
}

/** Lines to events, as the HTML standard tells it. */
class Parser {
  constructor(heard) {
    Object.assign(this, { heard, rest: '', event: '', data: [] });
  }

  feed(text) {
    const lines = (this.rest + text).split(/\r\n|\n|\r(?!$)/);
    this.rest = lines.pop();
    lines.forEach((line) => this.line(line));
  }

  line(line) {
    if (line === '') {
      if (this.data.length) this.tell(this.event || 'message', this.data.join('\n'));
      this.event = '';
      this.data = [];
    } else if (line.startsWith('data:')) this.data.push(line.slice(line[5] === ' ' ? 6 : 5));
    else if (line.startsWith('event:')) this.event = line.slice(6).trim();
  }

  tell(event, text) {
    let data;
    try { data = JSON.parse(text); } catch { return; }
    this.heard(event, data);
  }
}

/**
 * Keeps a stream open: again after each break, later and later, until `signal` ends it.
 * `state({ live, since, fault, nextAt })` tells how it stands.
 */
export async function follow(path, heard, { signal, state }) {
  let wait = 500;
  let since = Date.now();
  const told = (now) => state?.({ live: false, since, fault: null, nextAt: null, ...now });
  while (!signal.aborted) {
    let fault = null;
    try {
      await read(path, heard, {
        signal,
        opened: () => {
          wait = 500;
          told({ live: true });
        },
      });
      since = Date.now();
    } catch (error) {
      if (signal.aborted) return;
      fault = error;
      if (wait === 500) since = Date.now();
    }
    const pause = wait * (0.75 + Math.random() / 2);
    told({ fault, nextAt: Date.now() + pause });
    await new Promise((done) => {
      const timer = setTimeout(done, pause);
      signal.addEventListener('abort', () => { clearTimeout(timer); done(); }, { once: true });
    });
    wait = Math.min(wait * 1.7, 8_000);
  }
}
