// The last minutes of calls as dots: when each came and how long it took.
import { html, useMemo } from '../view.js';
import { clock, span } from '../words.js';

const [WIDTH, HEIGHT, LEFT, BOTTOM] = [1000, 110, 0, 18];
const SPAN = 5 * 60_000;

export function Scatter({ calls, at, choose }) {
  const shown = useMemo(() => calls.filter((call) => call.atMs > at - SPAN), [calls, at]);
  const first = shown.length ? Math.min(...shown.map((call) => call.atMs)) : at;
  const room = Math.min(SPAN, Math.max(20_000, (at - first) * 1.05));
  const slow = Math.max(10, ...shown.map((call) => call.tookMs ?? at - call.atMs));
  const x = (call) => LEFT + ((call.atMs - (at - room)) / room) * (WIDTH - LEFT - 8);
  const y = (ms) => 8 + (HEIGHT - BOTTOM - 14) * (1 - Math.log1p(Math.max(0, ms)) / Math.log1p(slow));
  const tone = (call) => (!call.outcome ? 'busy' : call.outcome.kind === 'ok' ? 'ok' : call.outcome.kind === 'tool_error' ? 'warn' : call.outcome.kind === 'cancelled' ? 'rest' : 'bad');
  const marks = [0, 0.25, 0.5, 0.75].map((share) => at - room * (1 - share));
  return html`<svg class="scatter" viewBox=${`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label=${`${shown.length} calls since ${clock(at - room)}, the slowest took ${span(slow)}`}>
    ${[slow, Math.expm1(Math.log1p(slow) / 2), 0].map((ms) => html`<line key=${ms} class="grid-line" x1="0" x2=${WIDTH} y1=${y(ms)} y2=${y(ms)} />`)}
    ${shown.map((call) => html`<rect key=${call.number} class=${`dot tone-${tone(call)}`} x=${x(call) - 3} y=${y(call.tookMs ?? at - call.atMs) - 3.5} width="6" height="7" rx="2" onClick=${() => choose(call.number)}><title>${`${call.name ?? call.method} · ${span(call.tookMs)} · ${clock(call.atMs)}`}</title></rect>`)}
  </svg><div class="scatter-marks" aria-hidden="true">${marks.map((mark) => html`<span key=${mark}>${clock(mark)}</span>`)}<span>now · up to ${span(slow)}</span></div>`;
}
