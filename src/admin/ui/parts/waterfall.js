// Where the time of calls went: routing, starting, queued, downstream, as stacked bars on one axis.
import { html } from '../view.js';
import { PHASES } from '../states.js';
import { clock, span } from '../words.js';

/** Milliseconds of each phase; those of a live call grow with the clock. Pure. */
export function phases(call, at) {
  const took = call.tookMs ?? Math.max(0, at - call.atMs);
  const live = call.phase !== 'over';
  const sentAt = call.sentAtMs ?? null;
  const told = {
    starting: call.startingMs ?? 0,
    queued: call.queuedMs ?? 0,
    downstream: call.downstreamMs ?? (sentAt === null ? 0 : Math.max(0, took - sentAt)),
  };
  if (live) {
    if (call.phase === 'starting' && call.waitsAtMs !== null) told.starting = Math.max(told.starting, took - call.waitsAtMs);
    if (call.phase === 'queued' && call.queuedAtMs !== null) told.queued = Math.max(told.queued, took - call.queuedAtMs);
  }
  const rest = took - told.starting - told.queued - told.downstream;
  return { took, live, parts: { routing: Math.max(0, rest), ...told } };
}

/** A round number at or above. */
export function roundUp(ms) {
  const power = 10 ** Math.floor(Math.log10(Math.max(ms, 0.01)));
  const step = [1, 2, 5, 10].find((one) => one * power >= ms) ?? 10;
  return step * power;
}

/** The axis for these calls: by duration from arrival, or by the clock. Pure. */
export function scale(calls, at, align) {
  if (align === 'clock') {
    const from = Math.min(...calls.map((call) => call.atMs));
    const to = Math.max(...calls.map((call) => call.atMs + phases(call, at).took), from + 1);
    return { from, size: to - from, offset: (call) => call.atMs - from, label: (share) => clock(from + (to - from) * share) };
  }
  // one very slow call must not make all others invisible
  const sorted = calls.map((call) => phases(call, at).took).sort((a, b) => a - b);
  const most = sorted.at(-1) ?? 1;
  const usual = sorted[Math.floor(sorted.length * 0.85)] ?? most;
  const size = roundUp(Math.max(1, Math.min(most, usual * 2)));
  return { from: 0, size, offset: () => 0, label: (share) => span(size * share) };
}

export function Axis({ scale: axis }) {
  return html`<div class="axis" aria-hidden="true">${[0, 0.25, 0.5, 0.75, 1].map((share) => html`<span key=${share} style=${{ left: `${share * 100}%` }}>${axis.label(share)}</span>`)}</div>`;
}

export function Bars({ call, at, scale: axis }) {
  const { took, parts } = phases(call, at);
  const percent = (ms) => Math.min(100, (ms / axis.size) * 100);
  const words = PHASES.filter((phase) => parts[phase] > 0.005).map((phase) => `${phase} ${span(parts[phase])}`).join(', ');
  const left = Math.min(99, percent(axis.offset(call)));
  const beyond = percent(axis.offset(call)) + percent(took) > 100.5 || took > axis.size * 1.001;
  return html`<div class="bars" role="img" aria-label=${words || 'no time at all'} title=${words}>
    <div class="bars-set" style=${{ left: `${left}%`, width: `${Math.max(0.4, Math.min(100 - left, percent(took)))}%` }}>
      ${PHASES.map((phase) => (parts[phase] > 0 ? html`<i key=${phase} class=${`phase-${phase}`} style=${{ flexGrow: parts[phase] }}></i>` : null))}
    </div>${beyond && html`<span class="bars-beyond" title="It goes beyond the axis">▸</span>`}</div>`;
}

export function Legend() {
  return html`<ul class="legend" aria-label="Colours">${PHASES.map((phase) => html`<li key=${phase}><i class=${`phase-${phase}`}></i>${phase}</li>`)}</ul>`;
}
