// One tool: what it is, how it does, and trying it.
import { html, useEffect } from '../view.js';
import { Head } from '../parts/shell.js';
import { Card, Empty, Loading, Problem } from '../parts/notice.js';
import { Facts } from '../parts/vitals.js';
import { Badge } from '../parts/badge.js';
import { Switch } from '../parts/switch.js';
import { Ago } from '../parts/time.js';
import { Tree } from '../parts/json.js';
import { Try } from '../form/try.js';
import { Hints, enable } from './tools.js';
import { part } from '../api.js';
import { on } from '../live.js';
import { useLoad } from '../load.js';
import { to } from '../router.js';
import { count, percent, span } from '../words.js';

const BACK = { name: 'Tools', url: to('tools') };

export function Tool({ name }) {
  const load = useLoad(`tools/${part(name)}`, { every: 10_000 });
  useEffect(() => on('tools', load.again), []);
  const tool = load.data;
  if (!tool) {
    return html`<${Head} title=${name} back=${BACK} />${load.fault
      ? load.fault.status === 404 ? html`<${Empty} icon="question" title=${`There is no tool “${name}”`} action=${html`<a class="button" href=${to('tools')}>To all tools</a>`}>${load.fault.remedy}<//>`
        : html`<${Problem} fault=${load.fault} again=${load.again} />`
      : html`<${Loading} lines=${6} />`}`;
  }
  return html`<${Head} title=${tool.name} back=${BACK} aside=${html`<span class="switch-row"><span>${tool.enabled ? 'Enabled' : 'Disabled'}</span>
      <${Switch} on=${tool.enabled} label=${`${tool.name} is ${tool.enabled ? 'enabled' : 'disabled'}`} turn=${() => enable(tool, load.again)} /></span>`}>
      <a href=${to('servers', tool.server)}>${tool.server}</a>${tool.title && html`<span>${tool.title}</span>`}
      ${!tool.available && html`<${Badge} tone="bad" icon="cross">Its server does not serve it now<//>`}<${Hints} annotations=${tool.annotations} /><//>
    ${tool.description && html`<p class="lead">${tool.description}</p>`}
    <${Card}><${Facts} rows=${[
      ['Calls', count(tool.calls)], ['Errors', html`<span class=${tool.errors ? 'ink-bad' : ''}>${count(tool.errors)}${tool.calls ? ` (${percent(tool.errors / tool.calls, 1)})` : ''}</span>`],
      ['p50', span(tool.p50Ms)], ['p95', span(tool.p95Ms)], ['p99', span(tool.p99Ms)], ['Last call', html`<${Ago} at=${tool.lastAtMs} />`],
    ]} /><//>
    <${Try} key=${tool.name} tool=${tool} />
    <div class="grid-2"><${Card} title="Input schema"><${Tree} value=${tool.inputSchema ?? {}} open=${3} /><//>
      <${Card} title="Output schema">${tool.outputSchema ? html`<${Tree} value=${tool.outputSchema} open=${3} />` : html`<p class="faint">The server tells none.</p>`}<//></div>`;
}
