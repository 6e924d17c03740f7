// How a server did: score and latency over time, in three tiers.
import { html, useMemo, useState } from '../view.js';
import { useLoad } from '../load.js';
import { part } from '../api.js';
import { Card, Empty, Loading, Problem } from './notice.js';
import { Plot } from './plot.js';
import { Choice } from './choice.js';
import { scores } from '../fleet.js';
import { span } from '../words.js';

const TIERS = [['recent', 'Recent'], ['minutes', 'Minutes'], ['hours', 'Hours']];
const EVERY = { recent: 3000, minutes: 15_000, hours: 60_000 };

/** Rollups as columns: seconds, score, latency of probes, of calls, losses. Pure. */
export function columns(points, at) {
  const sorted = [...points].sort((a, b) => b.agoMs - a.agoMs);
  const of = (pick) => sorted.map((point) => pick(point) ?? null);
  return [
    of((point) => (at - point.agoMs) / 1000),
    of((point) => point.lowest),
    of((point) => point.probes.meanMs),
    of((point) => point.calls.meanMs),
  ];
}

const SERIES = [
  { label: 'Lowest score', scale: 'score', colour: '--accent', fill: '--accent-soft' },
  { label: 'Probes', scale: 'ms', colour: '--ok', dash: [5, 4], points: true },
  { label: 'Calls', scale: 'ms', colour: '--warn', points: true },
];

/** What is known when there is no line to draw. */
function Single({ point }) {
  const times = [['Probes', point.probes.meanMs], ['Calls', point.calls.meanMs]].filter(([, ms]) => ms !== null && ms !== undefined);
  return times.map(([what, ms]) => html`${what} took ${span(ms)}. `);
}

export function History({ server }) {
  const [tier, setTier] = useState('recent');
  const load = useLoad(`servers/${part(server.name)}/history?tier=${tier}`, { every: EVERY[tier] });
  const points = load.data?.points;
  const live = scores.value.get(server.name);
  const data = useMemo(() => {
    const told = columns(points ?? [], Date.now());
    // single samples carry no score of their own
    const recent = tier === 'recent';
    return recent ? told.filter((_, index) => index !== 1) : told;
  }, [points, tier, live?.length]);
  const series = tier === 'recent' ? SERIES.slice(1) : SERIES;
  const totals = (points ?? []).reduce((sum, one) => ({
    failed: sum.failed + one.probes.failed + one.calls.failed, downs: sum.downs + one.downs,
  }), { failed: 0, downs: 0 });
  return html`<${Card} title="History" hint=${points?.length ? `${totals.failed} not answered, link lost ${totals.downs} times` : ''}
    aside=${html`<${Choice} label="How coarse" options=${TIERS} value=${tier} choose=${setTier} />`}>
    ${load.fault ? html`<${Problem} fault=${load.fault} again=${load.again} />`
      : !points ? html`<${Loading} lines=${4} />`
      : points.length === 1 ? html`<${Empty} icon="pulse" title="Only one measurement yet"><${Single} point=${points[0]} /> The plot begins with the next one.<//>`
      : points.length === 0 ? html`<${Empty} icon="pulse" title="Nothing measured yet">Probes and calls leave their times here.<//>`
      : html`<${Plot} key=${tier} series=${series} data=${data} label=${`Score and latency of ${server.name}, ${tier}`} />`}
  <//>`;
}
