// The fleet at a glance: what is wrong and what to do, then every server as a tile.
import { html, useState } from '../view.js';
import { Head } from '../parts/shell.js';
import { Tile } from '../parts/tile.js';
import { Icon } from '../parts/icon.js';
import { Countdown, Lasting } from '../parts/time.js';
import { Empty, Loading, Problem, Words } from '../parts/notice.js';
import { walk } from '../parts/table.js';
import { order } from '../orders.js';
import { again, health, loaded, servers } from '../fleet.js';
import { findings } from '../findings.js';
import { byUrgency } from '../states.js';
import { to } from '../router.js';
import { count, many, short } from '../words.js';

export function Overview() {
  const [filter, setFilter] = useState('');
  const all = [...servers.value.values()].sort(byUrgency);
  const shown = all.filter((server) => server.name.toLowerCase().includes(filter.toLowerCase()));
  const state = loaded.value;
  return html`<${Head} title="Overview" aside=${all.length > 8 && html`<input class="input" type="search" placeholder="Filter servers" aria-label="Filter servers" value=${filter} onInput=${(event) => setFilter(event.target.value)} />`}>
      ${health.value && html`<span>Up for <${Lasting} since=${health.value.startedAt} /></span>`}<//>
    ${state?.fault && html`<${Problem} fault=${state.fault} again=${again} />`}
    ${!state && html`<${Loading} lines=${6} />`}
    ${state && !state.fault && all.length === 0 && html`<${Empty} icon="server" title="No servers yet">
      Add servers under <code>servers:</code> in the configuration file and start mcpvisor again. They appear here by themselves.<//>`}
    ${all.length > 0 && html`<${Figures} all=${all} /><${Findings} all=${all} />
      <h2 class="section">Servers</h2>
      <div class="tiles" role="list" aria-label="Servers" onKeyDown=${walk}>${shown.map((server) => html`<div role="listitem" key=${server.name}><${Tile} server=${server} /></div>`)}</div>
      ${shown.length === 0 && html`<p class="faint">No server is called so.</p>`}`}`;
}

function Figures({ all }) {
  const sum = (of) => all.reduce((total, server) => total + of(server), 0);
  const well = all.filter((server) => server.available).length;
  const [served, lost] = [sum((one) => one.calls.served), sum((one) => one.calls.failed)];
  const clients = health.value?.clients;
  const figure = (name, value, hint) => html`<div class="figure"><dt>${name}</dt><dd>${value}</dd>${hint && html`<dd class="figure-hint">${hint}</dd>`}</div>`;
  return html`<dl class="figures card">
    ${figure('Servers available', html`${well}<small> of ${all.length}</small>`)}
    ${figure('Tools', count(sum((one) => (one.available ? one.tools ?? 0 : 0))))}
    ${figure('Sessions', clients ? count(clients.sessions) : '–')}
    ${figure('In flight', count(sum((one) => one.inFlight)), `${sum((one) => one.queued)} queued`)}
    ${figure('Calls served', short(served))}
    ${figure('Calls failed', html`<span class=${lost ? 'ink-bad' : ''}>${short(lost)}</span>`, served + lost ? `${((lost / (served + lost)) * 100).toFixed(1)} %` : null)}
  </dl>`;
}

function Findings({ all }) {
  const found = findings(all, health.value);
  const starting = all.filter((one) => ['queued', 'starting'].includes(one.state));
  if (found.length === 0) {
    const idle = all.filter((one) => one.state === 'idle').length;
    const stopped = all.filter((one) => one.state === 'stopped').length;
    const besides = [starting.length && `${starting.length} starting`, idle && `${idle} idle until the first call`, stopped && `${stopped} stopped on purpose`].filter(Boolean);
    return html`<section class="allwell card" data-testid="all-well"><span class="allwell-icon"><${Icon} name="check" size=${20} /></span>
      <div><h2>All is well</h2><p class="faint">${many(all.length - starting.length - idle - stopped, 'server')} ready${besides.length ? `, ${besides.join(', ')}` : ''}. Nothing needs you.</p></div></section>`;
  }
  return html`<section class="card findings" aria-label="What is wrong" data-testid="findings">
    <header class="card-head"><h2>What is wrong, and what to do</h2><span class="faint">${many(found.length, 'finding')}</span></header>
    <ul>${found.map((one) => html`<${Finding} one=${one} key=${`${one.about}${one.text}`} />`)}</ul></section>`;
}

function Finding({ one }) {
  const { tone, about, text, fix, next, action } = one;
  return html`<li class=${`finding tone-${tone}`}><span class="finding-icon"><${Icon} name=${tone === 'bad' ? 'cross' : 'alert'} label=${tone === 'bad' ? 'Problem' : 'Warning'} size=${15} /></span>
    <div class="finding-words"><p>${about ? html`<a href=${to('servers', about)}><strong>${about}</strong></a>` : html`<strong>Gateway</strong>`} <${Words} text=${text} /></p>
      <p class="finding-fix"><${Words} text=${fix} />${next && html` <span class="nowrap">Next try <${Countdown} at=${next} />.</span>`}</p></div>
    ${action && html`<button class="button small" onClick=${() => order(about, action)}><${Icon} name=${action === 'start' ? 'play' : 'restart'} />${action === 'start' ? 'Start' : 'Try now'}</button>`}</li>`;
}
