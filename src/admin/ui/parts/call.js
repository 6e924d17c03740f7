// Everything known of one call.
import { html } from '../view.js';
import { useLoad } from '../load.js';
import { Dialog } from './dialog.js';
import { Problem } from './notice.js';
import { Outcome } from './badge.js';
import { Facts } from './vitals.js';
import { Axis, Bars, Legend, phases, scale } from './waterfall.js';
import { now } from '../clock.js';
import { sentence } from '../api.js';
import { PHASES } from '../states.js';
import { to } from '../router.js';
import { bytes, exact, span } from '../words.js';

/** What `sent` of an outcome means to who asks whether the call may be repeated. */
const SENT = { true: 'Its server may have carried it out.', false: 'It never reached its server, so it is safe to repeat.' };
const clientOf = (client) => (!client ? '–' : typeof client === 'string' ? client : [client.name, client.version].filter(Boolean).join(' '));

export function CallDetails({ call: given, close }) {
  const load = useLoad(given.phase === 'over' ? null : `calls/${given.number}`, { every: 1000 });
  const call = given.phase === 'over' ? given : { ...given, ...load.data };
  const at = now.value;
  const { parts, took } = phases(call, at);
  const axis = { size: Math.max(took, 0.01), offset: () => 0, label: (share) => span(took * share) };
  const { outcome } = call;
  const sent = SENT[outcome?.sent];
  return html`<${Dialog} title=${call.name ?? call.method} close=${close} class="dialog-wide">
    <div class="call-sub"><${Outcome} outcome=${outcome} live=${call.phase} /><span class="num">${span(took)}</span><span class="faint">call ${call.number}</span></div>
    ${outcome && (outcome.reason || outcome.text) && html`<div class="note tone-bad">${outcome.text ? sentence(outcome.text) : sentence(outcome.reason.replaceAll('_', ' '))}${outcome.code !== undefined && outcome.code !== null ? ` (code ${outcome.code})` : ''} ${sent}</div>`}
    <${Legend} /><div class="call-axis"><${Bars} call=${call} at=${at} scale=${axis} /><${Axis} scale=${axis} /></div>
    <dl class="phase-list">${PHASES.map((phase) => html`<div key=${phase}><dt><i class=${`phase-${phase}`}></i>${phase}</dt><dd class="num">${span(parts[phase])}</dd></div>`)}</dl>
    <${Facts} rows=${[
      ['Arrived', exact(call.atMs)], ['Method', html`<code>${call.method}</code>`],
      ['Server', call.server ? html`<a href=${to('servers', call.server)}>${call.server}</a>` : '–'],
      ['Tool', call.tool ? html`<a href=${to('tools', call.name ?? call.tool)}>${call.tool}</a>` : '–'],
      ['Client', clientOf(call.client)], ['Face', call.face], ['Revision', call.revision ?? '–'],
      ['Session', call.session ? html`<code class="breaks">${call.session}</code>` : '–'],
      ['Request id', html`<code>${call.id === null || call.id === undefined ? '–' : typeof call.id === 'string' ? call.id : JSON.stringify(call.id)}</code>`],
      ['Asked', bytes(call.bytes)], ['Answered', bytes(call.answerBytes)],
      ['Trace id', call.traceId ? html`<code class="breaks">${call.traceId}</code>` : 'not traced'],
    ]} />
    ${load.fault && html`<${Problem} fault=${load.fault} />`}
    <p><a class="link" href=${`${to('logs')}?request=${call.number}`}>Its log entries</a></p><//>`;
}
