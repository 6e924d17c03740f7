// Short words about what was done, seen and heard; they go by themselves.
import { signal } from '../vendor/signals-core.js';
import { html } from '../view.js';
import { Icon } from './icon.js';

const STAYS = 5000;
const toasts = signal([]);
const spoken = signal('');
let next = 1;

/** Tells a person who listens to the page. */
export function announce(text) {
  spoken.value = text;
}

/** Shows words for a while. */
export function toast(text, { tone = 'ok', remedy } = {}) {
  const id = next;
  next += 1;
  toasts.value = [...toasts.value.slice(-3), { id, text, tone, remedy }];
  setTimeout(() => drop(id), tone === 'bad' ? STAYS * 2 : STAYS);
}

/** Shows why something failed. */
export const failed = (fault) => toast(fault.message, { tone: 'bad', remedy: fault.remedy });

function drop(id) {
  toasts.value = toasts.value.filter((one) => one.id !== id);
}

export function Toasts() {
  return html`<div class="toasts" role="log" aria-live="polite">
      ${toasts.value.map(({ id, text, tone, remedy }) => html`<div key=${id} class=${`toast tone-${tone}`}>
        <${Icon} name=${tone === 'bad' ? 'alert' : 'check'} size=${18} /><div><strong>${text}</strong>${remedy && html`<p>${remedy}</p>`}</div>
        <button class="button bare" aria-label="Close this message" onClick=${() => drop(id)}><${Icon} name="cross" size=${14} /></button></div>`)}
    </div>
    <div class="unseen" aria-live="polite" id="announced">${spoken.value}</div>`;
}
