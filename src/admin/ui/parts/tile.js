// One server at a glance.
import { html } from '../view.js';
import { Icon } from './icon.js';
import { Words } from './notice.js';
import { State, Trend } from './badge.js';
import { Score, Spark } from './score.js';
import { Ago, Countdown, Lasting } from './time.js';
import { scores } from '../fleet.js';
import { sentence } from '../api.js';
import { to } from '../router.js';
import { standing } from '../states.js';
import { many, short, span } from '../words.js';

export function Tile({ server }) {
  const { tone } = standing(server);
  const { name, quality, calls } = server;
  return html`<a class=${`tile edge-${tone}`} href=${to('servers', name)} data-row data-server=${name} data-state=${server.state}>
    <div class="tile-head"><div class="tile-title"><h3 title=${name}>${name}</h3>
        <span class="faint">${server.transport}${server.required ? ' · required' : ''}</span></div>
      <${Score} server=${server} /></div>
    <div class="tile-state"><${State} server=${server} /><span class="faint">for <${Lasting} since=${server.since} /></span>
      ${server.available && html`<${Trend} quality=${quality} />`}</div>
    <${Spark} values=${scores.value.get(name) ?? []} threshold=${server.qualityThreshold} rests=${!server.available || quality.stale} />
    <${Why} server=${server} />
    <dl class="tile-facts">
      <div><dt>Tools</dt><dd>${server.tools ?? '–'}</dd></div>
      <div><dt>Calls</dt><dd>${short(calls.served + calls.failed)}</dd></div>
      <div><dt>Failed</dt><dd class=${calls.failed ? 'ink-bad' : ''}>${short(calls.failed)}</dd></div>
      <div><dt>Latency</dt><dd>${span(quality.latencyMeanMs)}</dd></div>
    </dl>
  </a>`;
}

/** Why it stands so, and what comes next. */
function Why({ server }) {
  const { cause, nextTryAt, quality, inFlight, queued } = server;
  if (cause) {
    return html`<div class="tile-why"><p title=${cause.text}><${Words} text=${sentence(cause.text)} /></p>
      ${nextTryAt && html`<p class="tile-next"><${Icon} name="clock" size=${13} />Next try <${Countdown} at=${nextTryAt} /></p>`}</div>`;
  }
  const words = server.state === 'idle' ? 'The first call starts it.'
    : server.state === 'stopped' ? 'Stopped by an operator.'
    : quality.issues?.length ? sentence(quality.issues[0])
    : quality.forecast ? `Below ${quality.forecast.below} in about ${span(quality.forecast.withinMs)}.`
    : inFlight || queued ? `${many(inFlight, 'call')} at it${queued ? `, ${queued} waiting` : ''}.` : null;
  return html`<div class="tile-why"><p class="faint">${words ?? (server.checks.lastMsAgo === null || server.checks.lastMsAgo === undefined ? 'No check was needed so far.' : html`Checked <${Ago} at=${server.at - server.checks.lastMsAgo} />.`)}</p></div>`;
}
