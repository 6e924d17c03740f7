// One server: how it stands and why, how it did, what happened, what it says, and orders to it.
import { html } from '../view.js';
import { Head } from '../parts/shell.js';
import { Icon } from '../parts/icon.js';
import { State } from '../parts/badge.js';
import { Countdown, Lasting } from '../parts/time.js';
import { Empty, Loading, Problem, Words } from '../parts/notice.js';
import { Checks, Process, Quality } from '../parts/vitals.js';
import { History } from '../parts/history.js';
import { Timeline, useFacts } from '../parts/timeline.js';
import { Stderr } from '../parts/stderr.js';
import { ServerTools } from '../parts/server-tools.js';
import { order } from '../orders.js';
import { again, loaded, servers } from '../fleet.js';
import { sentence } from '../api.js';
import { standing } from '../states.js';
import { to } from '../router.js';
import { many } from '../words.js';

const BACK = { name: 'Overview', url: to() };

export function Server({ name }) {
  const server = servers.value.get(name);
  if (!server) {
    const state = loaded.value;
    return html`<${Head} title=${name} back=${BACK} />
      ${state?.fault ? html`<${Problem} fault=${state.fault} again=${again} />`
        : !state ? html`<${Loading} lines=${6} />`
        : html`<${Empty} icon="question" title=${`There is no server “${name}”`} action=${html`<a class="button" href=${to()}>To the overview</a>`}>It may have been taken out of the configuration.<//>`}`;
  }
  return html`<${Head} title=${name} back=${BACK} aside=${html`<${Orders} server=${server} />`}>
      <${State} server=${server} /><span>for <${Lasting} since=${server.since} /></span><span>${server.transport}</span>${server.required && html`<span>required</span>`}<//>
    <${Cause} server=${server} />
    <div class=${server.transport === 'stdio' ? 'grid-3' : 'grid-2 even'}><${Quality} server=${server} /><${Checks} server=${server} />${server.transport === 'stdio' && html`<${Process} server=${server} />`}</div>
    <${History} server=${server} />
    <${Story} name=${name} server=${server} />`;
}

function Story({ name, server }) {
  const facts = useFacts(name);
  return html`<div class="grid-2"><${Timeline} name=${name} facts=${facts} /><div class="stack"><${Stderr} name=${name} facts=${facts} /><${ServerTools} name=${name} count=${server.tools} /></div></div>`;
}

function Orders({ server }) {
  const { name, state } = server;
  const button = (action, icon, words, more = '') => html`<button class=${`button ${more}`} data-order=${action} onClick=${() => order(name, action)}><${Icon} name=${icon} />${words}</button>`;
  if (state === 'quarantined') return html`<span class="faint">It takes no orders while it is quarantined.</span>`;
  if (state === 'stopped') return html`${button('start', 'play', 'Start', 'primary')}`;
  return html`<a class="button" href=${to('bench', name)}><${Icon} name="bench" />Bench</a>
    ${state === 'idle' ? button('start', 'play', 'Start') : server.available && button('probe', 'pulse', 'Probe')}
    ${button('restart', 'restart', 'Restart')}${button('stop', 'stop', 'Stop', 'danger-quiet')}`;
}

/** Why it is not ready, and what to do about it. */
function Cause({ server }) {
  const { cause, attempts, nextTryAt } = server;
  if (!cause) return null;
  const { tone } = standing(server);
  return html`<section class=${`cause card tone-${tone}`} data-testid="cause"><${Icon} name="alert" size=${20} /><div>
    <h2><${Words} text=${sentence(cause.text)} /></h2><p><${Words} text=${cause.remedy} /></p>
    <p class="faint">${attempts > 0 && `${many(attempts, 'attempt')} failed. `}${nextTryAt ? html`Next try <${Countdown} at=${nextTryAt} />.` : 'No further try is planned.'}</p></div></section>`;
}
