// Frames with direction and time; each unfolds to its JSON.
import { html, useState } from '../view.js';
import { Icon } from './icon.js';
import { Empty } from './notice.js';
import { Code, pretty } from './json.js';
import { walk } from './table.js';
import { bytes, clock, exact } from '../words.js';

const KINDS = { request: 'request', response: 'response', notification: 'notification', noise: 'noise' };

export function Frames({ frames, reversed, empty }) {
  if (frames.length === 0) return html`<${Empty} icon="bench" title="No frames">${empty ?? 'Nothing went over the wire.'}<//>`;
  const shown = reversed ? [...frames].reverse() : frames;
  return html`<ol class="frames" onKeyDown=${walk} data-testid="frames">${shown.map((frame) => html`<${Frame} key=${`${frame.generation}.${frame.seq}`} frame=${frame} first=${frames[0].atMs} />`)}</ol>`;
}

function Frame({ frame, first }) {
  const [open, setOpen] = useState(false);
  const out = frame.direction === 'out';
  const id = frame.id === null || frame.id === undefined ? '' : `#${frame.id}`;
  return html`<li class=${`frame frame-${frame.kind}`} data-direction=${frame.direction}>
    <button class="frame-head" data-row aria-expanded=${open} onClick=${() => setOpen(!open)}>
      <span class=${`frame-way ${out ? 'way-out' : 'way-in'}`}><${Icon} name=${out ? 'out' : 'in'} size=${14} label=${out ? 'To the server' : 'From the server'} /></span>
      <time class="num" title=${exact(frame.atMs)}>${clock(frame.atMs, true)}</time>
      <span class="frame-name">${frame.method ?? KINDS[frame.kind] ?? frame.kind}</span><span class="faint frame-id">${id}</span>
      <span class="faint frame-kind">${frame.method ? KINDS[frame.kind] : ''}</span><span class="faint num frame-size" title=${`${frame.atMs - first} ms after the first`}>${bytes(frame.bytes)}</span>
      <${Icon} name="right" size=${12} class=${open ? 'icon-turned' : ''} /></button>
    ${open && html`<div class="frame-body"><${Code} text=${pretty(frame.text)} />${frame.truncated && html`<p class="faint">Only the beginning is kept.</p>`}</div>`}
  </li>`;
}
