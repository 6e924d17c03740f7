// Every tool behind the gateway: found by words, with how it does, switched on and off.
import { html, useEffect, useState } from '../view.js';
import { Head } from '../parts/shell.js';
import { Empty, Loading, Problem } from '../parts/notice.js';
import { Select } from '../parts/choice.js';
import { Table } from '../parts/table.js';
import { Badge } from '../parts/badge.js';
import { Switch } from '../parts/switch.js';
import { Ago } from '../parts/time.js';
import { part, post, query } from '../api.js';
import { failed, toast } from '../parts/toast.js';
import { names } from '../fleet.js';
import { on } from '../live.js';
import { useLoad, useRest } from '../load.js';
import { asked, refine, to } from '../router.js';
import { count, many, percent, span } from '../words.js';

export function Tools() {
  const { search = '', server = '', show = '' } = asked.value;
  const [typed, type] = useState(search);
  const rested = useRest(typed);
  useEffect(() => { if (rested !== search) refine({ search: rested }); }, [rested]);
  const load = useLoad(`tools${query({ search: rested, server })}`, { every: 10_000 });
  useEffect(() => on('tools', load.again), []);
  const all = load.data?.tools ?? load.last?.tools ?? null;
  const tools = all?.filter((tool) => (show === 'used' ? tool.calls > 0 : show === 'failing' ? tool.errors > 0 : show === 'disabled' ? !tool.enabled : true)) ?? [];
  return html`<${Head} title="Tools" aside=${html`<input class="input search" type="search" placeholder="Search tools" aria-label="Search tools" value=${typed} onInput=${(event) => type(event.target.value)} />
      <${Select} label="Server" all="All servers" options=${names.value} value=${server} choose=${(next) => refine({ server: next })} />
      <${Select} label="Which" all="All tools" options=${[['used', 'Used'], ['failing', 'With errors'], ['disabled', 'Disabled']]} value=${show} choose=${(next) => refine({ show: next })} />`}>${all && many(tools.length, 'tool')}<//>
    ${load.fault && html`<${Problem} fault=${load.fault} again=${load.again} />`}
    ${!all && !load.fault && html`<${Loading} lines=${8} />`}
    ${all && tools.length === 0 && (typed || server || show
      ? html`<${Empty} icon="search" title="No tool fits" action=${html`<button class="button" onClick=${() => { type(''); refine({ search: '', server: '', show: '' }); }}>Clear the filters</button>`}>Try another word, or fewer filters.<//>`
      : html`<${Empty} icon="tool" title="No tools yet">They appear as soon as a server has told which it has.<//>`)}
    ${tools.length > 0 && html`<div class="card flush"><${Table} label="Tools" testid="tools" rows=${tools} rowKey=${(tool) => tool.name} columns=${columns(load.again)} sort=${{ key: 'name', down: false }} rowClass=${(tool) => (tool.enabled ? '' : 'dimmed')} /></div>`}`;
}

function columns(again) {
  return [
    { key: 'name', name: 'Tool', show: (tool) => html`<div class="cell-name"><a href=${to('tools', tool.name)} data-row>${tool.name}</a>
        ${!tool.available && html`<${Badge} tone="bad" icon="cross">Away<//>`}<${Hints} annotations=${tool.annotations} /><span class="cell-sub">${tool.title && tool.title !== tool.name ? `${tool.title}: ` : ''}${tool.description}</span></div>` },
    { key: 'server', name: 'Server', narrow: true, show: (tool) => html`<a class="quiet" href=${to('servers', tool.server)}>${tool.server}</a>` },
    { key: 'calls', name: 'Calls', num: true, show: (tool) => count(tool.calls) },
    { key: 'errors', name: 'Errors', num: true, show: (tool) => html`<span class=${tool.errors ? 'ink-bad' : 'faint'} title=${tool.calls ? percent(tool.errors / tool.calls, 1) : ''}>${count(tool.errors)}</span>` },
    ...['p50Ms', 'p95Ms', 'p99Ms'].map((key) => ({ key, name: key.slice(0, 3), num: true, narrow: true, hint: `${key.slice(1, 3)} of 100 calls were at least so fast`, show: (tool) => html`<span class=${tool[key] === null ? 'faint' : ''}>${span(tool[key])}</span>` })),
    { key: 'lastAtMs', name: 'Last call', num: true, narrow: true, show: (tool) => html`<${Ago} at=${tool.lastAtMs} />` },
    { key: 'enabled', name: 'Enabled', plain: true, show: (tool) => html`<${Switch} on=${tool.enabled} label=${`${tool.name} is ${tool.enabled ? 'enabled' : 'disabled'}`} turn=${() => enable(tool, again)} />` },
  ];
}

/** What the server says of the tool. */
export function Hints({ annotations }) {
  if (annotations?.destructiveHint) return html`<${Badge} tone="warn" icon="alert" title="The server says it may destroy something">Destructive<//>`;
  if (annotations?.readOnlyHint) return html`<${Badge} tone="rest" title="The server says it changes nothing">Read-only<//>`;
  return null;
}

/** Switches a tool; it stays so when the gateway starts again. */
export async function enable(tool, again) {
  const action = tool.enabled ? 'disable' : 'enable';
  try {
    await post(`tools/${part(tool.name)}/${action}`);
    toast(`${tool.name} is ${action}d.`);
  } catch (fault) {
    failed(fault);
  }
  again();
}
