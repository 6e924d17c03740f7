// Something that is on or off.
import { html } from '../view.js';

export function Switch({ on, turn, label, disabled }) {
  return html`<button type="button" class="switch" role="switch" aria-checked=${on ? 'true' : 'false'} aria-label=${label} title=${label} disabled=${disabled} onClick=${turn}><i></i></button>`;
}
