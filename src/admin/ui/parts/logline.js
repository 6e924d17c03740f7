// One log entry; its fields unfold.
import { html, useState } from '../view.js';
import { Icon } from './icon.js';
import { Tree } from './json.js';
import { to } from '../router.js';
import { clock, exact } from '../words.js';

const TONES = { error: 'bad', warn: 'warn', info: 'busy', debug: 'rest', trace: 'rest' };

export function LogLine({ log, search }) {
  const [open, setOpen] = useState(false);
  return html`<li class=${`log log-${log.level}`} data-level=${log.level} data-source=${log.source}>
    <button class="log-row" data-row aria-expanded=${open} onClick=${() => setOpen(!open)}>
      <time class="num" title=${exact(log.atMs)}>${clock(log.atMs, true)}</time>
      <span class=${`log-level tone-${TONES[log.level] ?? 'rest'}`}>${log.level}</span>
      <span class="log-from">${log.server ?? log.source}<small class="faint">${log.server ? log.source : ''}</small></span>
      <span class="log-text">${marked(log.text, search)}<span class="faint">${log.source === 'audit' ? '' : brief(log.fields)}</span></span>
      <${Icon} name="right" size=${12} class=${open ? 'icon-turned' : ''} /></button>
    ${open && html`<div class="log-more"><dl class="facts"><div><dt>When</dt><dd>${exact(log.atMs)}</dd></div><div><dt>Source</dt><dd>${log.source}</dd></div>
        ${log.logger && html`<div><dt>Logger</dt><dd><code>${log.logger}</code></dd></div>`}
        ${log.server && html`<div><dt>Server</dt><dd><a href=${to('servers', log.server)}>${log.server}</a></dd></div>`}
        ${log.request && html`<div><dt>Call</dt><dd><a href=${`${to('logs')}?request=${log.request}`}>${log.request}</a></dd></div>`}
        ${log.session && html`<div><dt>Session</dt><dd><a class="breaks" href=${`${to('logs')}?session=${encodeURIComponent(log.session)}`}>${log.session}</a></dd></div>`}</dl>
      <pre class="console wrap">${log.text}</pre>
      ${log.fields && Object.keys(log.fields).length > 0 && html`<${Tree} value=${log.fields} open=${2} />`}</div>`}</li>`;
}

/** Its fields in a line. */
function brief(fields) {
  const told = Object.entries(fields ?? {}).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return told.length ? `  ${told.join(' ')}`.slice(0, 300) : '';
}

/** The text with what was searched for marked. */
function marked(text, search) {
  if (!search) return text;
  const at = text.toLowerCase().indexOf(search.toLowerCase());
  if (at < 0) return text;
  return html`${text.slice(0, at)}<mark>${text.slice(at, at + search.length)}</mark>${text.slice(at + search.length)}`;
}
