// Calls as they happen: where the time of each went, which failed, which were slow.
import { html, useEffect, useState } from '../view.js';
import { Head } from '../parts/shell.js';
import { Icon } from '../parts/icon.js';
import { Outcome } from '../parts/badge.js';
import { Choice, Select } from '../parts/choice.js';
import { Empty, Loading, Problem } from '../parts/notice.js';
import { Axis, Bars, Legend, phases, scale } from '../parts/waterfall.js';
import { Scatter } from '../parts/scatter.js';
import { CallDetails } from '../parts/call.js';
import { walk } from '../parts/table.js';
import { again, calls, fault, skipped, start } from '../callbook.js';
import { names } from '../fleet.js';
import { now } from '../clock.js';
import { asked, refine } from '../router.js';
import { useLoad, useRest } from '../load.js';
import { query } from '../api.js';
import { clock, count, exact, many, span } from '../words.js';

const SHOWN = 150;
const SLOW = 1000;
const KINDS = [['', 'All'], ['live', 'Live'], ['failed', 'Failed'], ['slow', 'Slow']];
const failedKind = (call) => call.outcome && !['ok', 'cancelled'].includes(call.outcome.kind);

/** Whether a call is among those asked for. Pure. */
export function fits(call, { which, server, tool }, at) {
  if (server && call.server !== server) return false;
  if (tool && !`${call.name ?? ''} ${call.method}`.toLowerCase().includes(tool.toLowerCase())) return false;
  if (which === 'live') return call.phase !== 'over';
  if (which === 'failed') return Boolean(failedKind(call));
  if (which === 'slow') return phases(call, at).took >= SLOW;
  return true;
}

export function Calls() {
  useEffect(start, []);
  const { which = '', server = '', tool = '', align = 'duration' } = asked.value;
  const [frozen, freeze] = useState(null);
  const [chosen, choose] = useState(null);
  const [typed, type] = useState(tool);
  const rested = useRest(typed);
  useEffect(() => { if (rested !== tool) refine({ tool: rested }); }, [rested]);
  const all = frozen ?? calls.value;
  const wants = { which, server, tool };
  const filtered = Boolean(which || server || tool);
  // what the page keeps may be too young for a filter: the gateway is asked for older ones
  const older = useLoad(filtered ? `calls${query({ limit: 200, server, slowerThanMs: which === 'slow' ? SLOW : '', live: which === 'live' })}` : null);
  const known = new Set(all.map((call) => call.number));
  const more = (older.data?.calls ?? []).filter((call) => !known.has(call.number));
  const at = frozen ? frozen.at : now.value;
  const found = [...all, ...(which === 'live' ? [] : more)].filter((call) => fits(call, wants, at));
  const shown = found.slice(0, SHOWN);
  const axis = shown.length ? scale(shown, at, align) : null;
  const pause = () => freeze(frozen ? null : Object.assign([...calls.value], { at: now.value }));
  const open = chosen && [...all, ...more].find((call) => call.number === chosen);
  return html`<${Head} title="Calls" aside=${html`
      <${Choice} label="Which calls" options=${KINDS} value=${which} choose=${(next) => refine({ which: next })} />
      <${Select} label="Server" all="All servers" options=${names.value} value=${server} choose=${(next) => refine({ server: next })} />
      <input class="input" type="search" placeholder="Tool or method" aria-label="Tool or method" value=${typed} onInput=${(event) => type(event.target.value)} />
      <button class="button" aria-pressed=${Boolean(frozen)} onClick=${pause}><${Icon} name=${frozen ? 'play' : 'pause'} />${frozen ? 'Go on' : 'Pause'}</button>`}>
      ${many(found.length, 'call')}${frozen && ', paused'}${skipped.value > 0 && `, ${count(skipped.value)} more came too fast to be shown live`}<//>
    ${fault.value && html`<${Problem} fault=${fault.value} again=${again} />`}
    ${all.length > 0 && html`<div class="card scatter-card"><${Scatter} calls=${all} at=${at} choose=${choose} /></div>`}
    ${shown.length === 0 && !fault.value && (older.loading && filtered ? html`<${Loading} />` : html`<${Empty} icon="calls" title=${filtered ? 'No call fits' : 'No calls yet'}>${filtered ? 'Take a filter away, or wait: they appear as they happen.' : 'As soon as a client calls a tool, it appears here, with where its time goes.'}<//>`)}
    ${shown.length > 0 && html`<section class="card flush"><header class="waterfall-head"><${Legend} />
        <${Choice} label="What the axis shows" options=${[['duration', 'From arrival'], ['clock', 'By the clock']]} value=${align} choose=${(next) => refine({ align: next === 'duration' ? '' : next })} /></header>
      <div class="call-row call-row-head" aria-hidden="true"><span>Time</span><span>Call</span><span></span><span class="num">Took</span><${Axis} scale=${axis} /></div>
      <ol class="call-list" aria-label="Calls, newest first" onKeyDown=${walk} data-testid="calls">${shown.map((call) => html`<li key=${call.number}><button class="call-row" data-row data-call=${call.number} onClick=${() => choose(call.number)}>
          <time class="num faint" title=${exact(call.atMs)}>${clock(call.atMs, true)}</time>
          <span class="call-name" title=${call.name ?? call.method}>${call.name ?? call.method}<small class="faint">${call.client ? nameOf(call.client) : call.face}</small></span>
          <span class="call-outcome"><${Outcome} outcome=${call.outcome} live=${call.phase} /></span>
          <span class="num">${span(phases(call, at).took)}</span><${Bars} call=${call} at=${at} scale=${axis} /></button></li>`)}</ol>
      ${found.length > SHOWN && html`<p class="faint list-end">The newest ${SHOWN} of ${count(found.length)} are shown.</p>`}</section>`}
    ${open && html`<${CallDetails} call=${open} close=${() => choose(null)} />`}`;
}

export const nameOf = (client) => (typeof client === 'string' ? client : client?.name ?? 'unknown');
