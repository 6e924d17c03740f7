// JSON as a tree that folds, or as text with colours. Text of others is only ever text here.
import { html, useState } from '../view.js';
import { Icon } from './icon.js';

/** Entries shown before the rest is asked for. */
const FIRST = 100;

function Leaf({ value }) {
  const kind = value === null ? 'null' : typeof value;
  return html`<span class=${`json-${kind}`}>${JSON.stringify(value)}</span>`;
}

/** `open` is how many levels are unfolded at first. */
export function Tree({ name, value, open = 2, mark }) {
  const [unfolded, unfold] = useState(open > 0);
  const [most, setMost] = useState(FIRST);
  const label = name === undefined ? null : html`<span class="json-key">${name}</span><span class="json-colon">: </span>`;
  if (value === null || typeof value !== 'object') {
    return html`<div class="json-row json-leaf">${label}<${Leaf} value=${value} />${mark?.(value)}</div>`;
  }
  const list = Array.isArray(value);
  const entries = Object.entries(value);
  const size = list ? `[${entries.length}]` : `{${entries.length}}`;
  if (entries.length === 0) return html`<div class="json-row json-leaf">${label}<span class="faint">${list ? '[]' : '{}'}</span></div>`;
  return html`<div class="json-node"><button class="json-row json-fold" aria-expanded=${unfolded} onClick=${() => unfold(!unfolded)}>
      <${Icon} name="right" size=${12} class=${unfolded ? 'icon-turned' : ''} />${label ?? html`<span class="faint">${list ? 'list' : 'object'} </span>`}<span class="faint">${size}</span></button>
    ${unfolded && html`<div class="json-children">${entries.slice(0, most).map(([key, inner]) => html`<${Tree} key=${key} name=${key} value=${inner} open=${open - 1} mark=${mark} />`)}
      ${entries.length > most && html`<button class="button small" onClick=${() => setMost(most * 10)}>${entries.length - most} more</button>`}</div>`}
  </div>`;
}

const TOKEN = /("(?:\\.|[^"\\])*")(\s*:)?|\b(true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
/** Longer text goes without colours. */
const COLOURED = 60_000;

/** Text of JSON, coloured. */
export function Code({ text, class: more = '' }) {
  return html`<pre class=${`code ${more}`} tabindex="0">${text.length > COLOURED ? text : coloured(text)}</pre>`;
}

function coloured(text) {
  const parts = [];
  let from = 0;
  for (const found of text.matchAll(TOKEN)) {
    if (found.index > from) parts.push(text.slice(from, found.index));
    const [whole, string, colon, word] = found;
    const kind = string ? (colon ? 'key' : 'string') : word ? (word === 'null' ? 'null' : 'boolean') : 'number';
    parts.push(html`<span class=${`json-${kind}`}>${string ?? whole}</span>`, colon ?? '');
    from = found.index + whole.length;
  }
  return [...parts, text.slice(from)];
}

/** JSON text laid out; anything else as it is. */
export function pretty(text) {
  try {
    return JSON.stringify(typeof text === 'string' ? JSON.parse(text) : text, null, 2);
  } catch {
    return String(text);
  }
}
