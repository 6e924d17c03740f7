// Jumping anywhere by name: pages, servers, tools. Opened by Ctrl-K or `/`.
import { signal } from '../vendor/signals-core.js';
import { html, useEffect, useMemo, useRef, useState } from '../view.js';
import { Dialog } from './dialog.js';
import { Icon } from './icon.js';
import { PAGES } from '../pages.js';
import { get } from '../api.js';
import { servers } from '../fleet.js';
import { standing } from '../states.js';
import { go, to } from '../router.js';
import { locked } from '../token.js';

const SHOWN = 12;
export const open = signal(false);

addEventListener('keydown', (event) => {
  if (locked.value) return;
  const typing = event.target.closest?.('input, textarea, select, [contenteditable]');
  const chord = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k';
  if (!chord && (event.key !== '/' || typing || document.querySelector('dialog[open]'))) return;
  event.preventDefault();
  open.value = chord ? !open.value : true;
});

/** How well a text fits what was typed: 0 not at all; the start of a word is best. Pure. */
export function fit(text, typed) {
  const [where, what] = [text.toLowerCase(), typed.toLowerCase()];
  const at = where.indexOf(what);
  if (at === 0) return 4;
  if (at > 0) return /[^a-z0-9]/.test(where[at - 1]) ? 3 : 2;
  let from = 0;
  for (const letter of what) {
    from = where.indexOf(letter, from) + 1;
    if (from === 0) return 0;
  }
  return 1;
}

function choices(tools) {
  const pages = PAGES.map((page) => ({ kind: 'Page', icon: page.icon, name: page.name, url: to(...page.path) }));
  const all = [...servers.value.values()].map((server) => ({ kind: `Server · ${standing(server).word}`, icon: 'server', name: server.name, url: to('servers', server.name) }));
  const named = tools.map((tool) => ({ kind: 'Tool', icon: 'tool', name: tool.name, hint: tool.title ?? tool.description, url: to('tools', tool.name) }));
  return [...pages, ...all, ...named];
}

export function Palette() {
  return open.value ? html`<${Box} />` : null;
}

function Box() {
  const [typed, type] = useState('');
  const [chosen, choose] = useState(0);
  const [tools, setTools] = useState([]);
  const list = useRef(null);
  useEffect(() => { get('tools').then((told) => setTools(told.tools), () => {}); }, []);
  const found = useMemo(() => {
    const all = choices(tools);
    if (!typed.trim()) return all.slice(0, SHOWN);
    return all.map((one) => ({ ...one, fit: fit(one.name, typed.trim()) })).filter((one) => one.fit)
      .sort((a, b) => b.fit - a.fit || a.name.length - b.name.length).slice(0, SHOWN);
  }, [typed, tools, servers.value]);
  const at = Math.min(chosen, found.length - 1);
  useEffect(() => { list.current?.children[at]?.scrollIntoView({ block: 'nearest' }); }, [at]);
  const close = () => { open.value = false; };
  const jump = (one) => { close(); go(one.url); };
  const key = (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && found.length) {
      event.preventDefault();
      choose((at + step + found.length) % found.length);
    } else if (event.key === 'Enter' && found[at]) {
      event.preventDefault();
      jump(found[at]);
    }
  };
  return html`<${Dialog} label="Jump to" close=${close} class="palette">
    <div class="palette-input"><${Icon} name="search" size=${18} />
      <input type="text" autofocus placeholder="Jump to a server, a tool or a page" aria-label="Jump to" role="combobox" aria-expanded="true"
        aria-controls="palette-list" aria-activedescendant=${found[at] ? `jump-${at}` : undefined} value=${typed}
        onInput=${(event) => { type(event.target.value); choose(0); }} onKeyDown=${key} />
      <kbd>Esc</kbd></div>
    <ul id="palette-list" role="listbox" ref=${list}>
      ${found.map((one, index) => html`<li key=${one.url} id=${`jump-${index}`} role="option" aria-selected=${index === at}
        class=${index === at ? 'chosen' : ''} onClick=${() => jump(one)} onMouseMove=${() => choose(index)}>
        <${Icon} name=${one.icon} /><span class="palette-name">${one.name}</span>${one.hint && html`<span class="palette-hint">${one.hint}</span>`}<span class="palette-kind">${one.kind}</span></li>`)}
    </ul>
    ${found.length === 0 && html`<p class="palette-none">Nothing is called “${typed}”.</p>`}
  <//>`;
}
