// A score as a ring with its number, and its past as a line.
import { html } from '../view.js';
import { scoreTone } from '../states.js';

const AROUND = 2 * Math.PI * 20;

export function Score({ server, size = 52 }) {
  const stale = server.quality?.stale || !server.available;
  const share = stale ? 0 : server.score / 100;
  const words = stale ? 'No current score' : `Score ${server.score} of 100`;
  return html`<div class=${`score tone-${scoreTone(server)} ${stale ? 'score-none' : ''}`} role="img" aria-label=${words} title=${words} style=${{ width: `${size}px`, height: `${size}px` }}>
    <svg viewBox="0 0 48 48" aria-hidden="true">
      <circle class="score-track" cx="24" cy="24" r="20" />
      <circle class="score-arc" cx="24" cy="24" r="20" stroke-dasharray=${`${AROUND * share} ${AROUND}`} transform="rotate(-90 24 24)" />
    </svg>
    <span class="score-number">${stale ? '–' : server.score}</span>
  </div>`;
}

/** Values 0 to 100 as a small line; the threshold is a dashed one. */
export function Spark({ values, threshold, rests, width = 160, height = 36, label }) {
  const shown = values.length === 1 ? [values[0], values[0]] : values;
  if (shown.length === 0) return html`<div class="spark spark-empty" aria-hidden="true"></div>`;
  const y = (value) => 2 + (height - 4) * (1 - value / 100);
  const x = (index) => (width * index) / (shown.length - 1);
  const points = shown.map((value, index) => `${x(index).toFixed(1)},${y(value).toFixed(1)}`).join(' ');
  const last = shown.at(-1);
  const tone = rests ? 'rest' : last < threshold ? 'bad' : last < threshold + 20 ? 'warn' : 'ok';
  return html`<svg class=${`spark tone-${tone}`} viewBox=${`0 0 ${width} ${height}`} preserveAspectRatio="none" role="img"
    aria-label=${label ?? `Scores of late: from ${shown[0]} to ${last}`}>
    <polygon class="spark-area" points=${`0,${height} ${points} ${width},${height}`} />
    ${threshold > 0 && html`<line class="spark-threshold" x1="0" x2=${width} y1=${y(threshold)} y2=${y(threshold)} />`}
    <polyline class="spark-line" points=${points} />
  </svg>`;
}
