// One of a few: buttons that belong together.
import { html } from '../view.js';

/** `options`: `[value, name]` pairs. */
export function Choice({ options, value, choose, label }) {
  return html`<div class="choice" role="group" aria-label=${label}>
    ${options.map(([one, name]) => html`<button key=${one} type="button" aria-pressed=${one === value} class=${one === value ? 'on' : ''} onClick=${() => choose(one)}>${name}</button>`)}
  </div>`;
}

/** One of many. */
export function Select({ options, value, choose, label, all }) {
  return html`<label class="select"><span class="unseen">${label}</span>
    <select value=${value} aria-label=${label} onChange=${(event) => choose(event.target.value)}>
      ${all !== undefined && html`<option value="">${all}</option>`}
      ${options.map((one) => { const [key, name] = Array.isArray(one) ? one : [one, one]; return html`<option key=${key} value=${key} selected=${key === value}>${name}</option>`; })}
    </select></label>`;
}
