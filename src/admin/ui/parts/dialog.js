// A dialog of the browser's own: it keeps the focus, and Esc closes it.
import { signal } from '../vendor/signals-core.js';
import { html, useLayoutEffect, useRef } from '../view.js';
import { Icon } from './icon.js';

export function Dialog({ title, close, children, actions, class: more = '', label }) {
  const self = useRef(null);
  // with the rendering, not after the next picture: by then the focus may be elsewhere on purpose
  useLayoutEffect(() => {
    const [before, dialog] = [document.activeElement, self.current];
    dialog.showModal();
    return () => { dialog.remove(); before?.focus?.(); };
  }, []);
  const outside = (event) => { if (event.target === self.current) close(); };
  return html`<dialog ref=${self} class=${`dialog ${more}`} aria-label=${label ?? title} onClose=${close} onClick=${outside}>
    <div class="dialog-inner">
      ${title && html`<header class="dialog-head"><h2>${title}</h2>
        <button class="button bare" aria-label="Close" onClick=${close}><${Icon} name="cross" /></button></header>`}
      ${children}
      ${actions && html`<footer class="dialog-actions">${actions}</footer>`}
    </div>
  </dialog>`;
}

const question = signal(null);

/** Asks before something that cannot be taken back; resolves to whether to go on. */
export function confirm({ title, text, go, danger = true }) {
  return new Promise((answer) => { question.value = { title, text, go, danger, answer }; });
}

export function Confirmation() {
  const asked = question.value;
  if (!asked) return null;
  const say = (yes) => { question.value = null; asked.answer(yes); };
  return html`<${Dialog} title=${asked.title} close=${() => say(false)} class="dialog-small" actions=${html`
      <button class="button" onClick=${() => say(false)}>Cancel</button>
      <button class=${`button ${asked.danger ? 'danger' : 'primary'}`} autofocus onClick=${() => say(true)}>${asked.go}</button>`}>
    <p>${asked.text}</p><//>`;
}
