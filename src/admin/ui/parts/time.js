// Moments: relative to look at, exact on hover.
import { html } from '../view.js';
import { now } from '../clock.js';
import { ago, exact, long } from '../words.js';

export function Ago({ at }) {
  if (at === null || at === undefined) return html`<span class="faint">never</span>`;
  return html`<time dateTime=${new Date(at).toISOString()} title=${exact(at)}>${ago(now.value - at)}</time>`;
}

/** How long something has lasted. */
export function Lasting({ since }) {
  return html`<time title=${`since ${exact(since)}`}>${long(now.value - since)}</time>`;
}

/** Down to a moment, then `done`. */
export function Countdown({ at, done = 'now' }) {
  const left = at - now.value;
  return html`<time class="num" title=${exact(at)}>${left <= 500 ? done : `in ${long(left)}`}</time>`;
}
