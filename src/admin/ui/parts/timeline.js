// The facts of a server's life, newest first, kept up by events.
import { html, useEffect, useState } from '../view.js';
import { useLoad } from '../load.js';
import { part, sentence } from '../api.js';
import { on } from '../live.js';
import { Card, Empty, Loading, Problem } from './notice.js';
import { Icon } from './icon.js';
import { Choice } from './choice.js';
import { Ago } from './time.js';

const MOST = 300;
const LOOK = {
  state: ['dot', 'busy'], attempt: ['restart', 'busy'], probe: ['pulse', 'rest'], verdict: ['alert', 'warn'], tools: ['tool', 'busy'],
  stderr: ['logs', 'warn'], noise: ['alert', 'warn'], call: ['calls', 'rest'], breaker: ['bolt', 'warn'], quality: ['level', 'warn'],
  operator: ['key', 'busy'], skipped: ['dot', 'rest'],
};
const STATES = { ready: ['check', 'ok'], down: ['cross', 'bad'], parked: ['pause', 'bad'], quarantined: ['shield', 'bad'], stopped: ['stop', 'rest'], idle: ['moon', 'rest'] };

function look(fact) {
  if (fact.event === 'state') return STATES[fact.state] ?? LOOK.state;
  if (fact.event === 'probe' && fact.outcome !== 'alive') return ['pulse', 'bad'];
  if (fact.event === 'call' && fact.outcome !== 'ok') return ['calls', 'bad'];
  return LOOK[fact.event] ?? LOOK.state;
}

/** What explains; the rest is traffic. */
const matters = (fact) => !['probe', 'call', 'noise', 'skipped'].includes(fact.event);

export function Timeline({ name, facts }) {
  const [which, choose] = useState('all');
  const shown = facts.list.filter((fact) => which === 'all' || matters(fact));
  return html`<${Card} title="Timeline" class="timeline-card" aside=${html`<${Choice} label="Which facts" options=${[['all', 'All'], ['matters', 'What matters']]} value=${which} choose=${choose} />`}>
    ${facts.load.fault ? html`<${Problem} fault=${facts.load.fault} again=${facts.load.again} />`
      : !facts.load.data ? html`<${Loading} lines=${6} />`
      : shown.length === 0 ? html`<${Empty} icon="clock" title="Nothing has happened yet">Every start, loss, probe and order is told here.<//>`
      : html`<ol class="timeline" tabindex="0" aria-label=${`What happened to ${name}`}>${shown.map((fact) => {
        const [icon, tone] = look(fact);
        return html`<li key=${fact.key} class=${`fact tone-${tone}`}><span class="fact-icon"><${Icon} name=${icon} size=${13} /></span>
          <span class="fact-words">${sentence(fact.words)}</span><span class="fact-time"><${Ago} at=${fact.atMs} /></span></li>`;
      })}</ol>`}
  <//>`;
}

/** The facts of one server: what was, then what comes. */
export function useFacts(name) {
  const load = useLoad(`servers/${part(name)}/timeline?limit=${MOST}`);
  const [come, setCome] = useState([]);
  useEffect(() => { setCome([]); }, [load.data]);
  useEffect(() => on('fact', (fact) => {
    if (fact.server === name) setCome((before) => [...before.slice(-MOST), fact]);
  }), [name]);
  const was = load.data?.events ?? [];
  const seen = new Set();
  const list = [];
  for (const fact of [...was, ...come].sort((a, b) => a.atMs - b.atMs)) {
    const key = `${fact.atMs}|${fact.event}|${fact.words}`;
    if (seen.has(key)) continue;
    seen.add(key);
    list.push({ ...fact, key });
  }
  return { load, list: list.reverse().slice(0, MOST) };
}
