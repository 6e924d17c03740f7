// A state as a word with an icon in a tone.
import { html } from '../view.js';
import { Icon } from './icon.js';
import { OUTCOMES, TRENDS, standing } from '../states.js';

export function Badge({ tone = 'rest', icon, title, children }) {
  return html`<span class=${`badge tone-${tone}`} title=${title}>${icon && html`<${Icon} name=${icon} size=${13} />`}<span>${children}</span></span>`;
}

export function State({ server }) {
  const { tone, icon, word } = standing(server);
  return html`<${Badge} tone=${tone} icon=${icon}>${word}<//>`;
}

export function Trend({ quality, words = true }) {
  const { icon, word, tone } = TRENDS[quality.trend] ?? TRENDS.stable;
  return html`<span class=${`trend tone-${tone}`} title=${word}><${Icon} name=${icon} size=${15} label=${words ? undefined : word} />${words && html`<span>${word}</span>`}</span>`;
}

export function Outcome({ outcome, live }) {
  if (!outcome) return html`<${Badge} tone="busy" icon="spinner">${live ?? 'Live'}<//>`;
  const { tone, icon, word } = OUTCOMES[outcome.kind] ?? { tone: 'rest', icon: 'dot', word: outcome.kind };
  const title = [outcome.reason, outcome.text].filter(Boolean).join(': ');
  return html`<${Badge} tone=${tone} icon=${icon} title=${title || undefined}>${word}<//>`;
}
