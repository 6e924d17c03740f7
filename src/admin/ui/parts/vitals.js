// What a server's score is made of, how its checks go, and what its process uses.
import { html } from '../view.js';
import { Card, Empty } from './notice.js';
import { Score } from './score.js';
import { Trend } from './badge.js';
import { Ago, Countdown } from './time.js';
import { sentence } from '../api.js';
import { bytes, count, percent, span } from '../words.js';

/** The weights of the parts; they make 1. The score is their weighted geometric mean. */
const PARTS = [
  ['latency', 'Latency', 0.35, 'How near its times are to what is usual for this server'],
  ['reliability', 'Reliability', 0.4, 'How sure an answer is'],
  ['stability', 'Stability', 0.25, 'How well the link stands'],
];

const tone = (share) => (share < 0.6 ? 'bad' : share < 0.85 ? 'warn' : 'ok');

export function Quality({ server }) {
  const { quality } = server;
  return html`<${Card} title="Score" hint=${quality.stale ? 'out of date' : ''} aside=${html`<${Trend} quality=${quality} />`}>
    <div class="quality"><${Score} server=${server} size=${96} />
      <div class="parts">${PARTS.map(([key, name, weight, hint]) => {
        const share = quality.parts[key];
        return html`<div key=${key} class="part" title=${hint}><span>${name} <small class="faint">${percent(weight)}</small></span>
          <div class=${`bar tone-${quality.stale || !server.available ? 'rest' : tone(share)}`} role="meter" aria-label=${name} aria-valuenow=${Math.round(share * 100)} aria-valuemin="0" aria-valuemax="100"><i style=${{ width: `${share * 100}%` }}></i></div>
          <span class="num">${Math.round(share * 100)}</span></div>`;
      })}</div></div>
    <${Facts} rows=${[
      ['Mean latency', span(quality.latencyMeanMs)], ['Usual', span(quality.latencyUsualMs)], ['95th percentile', span(quality.latencyP95Ms)],
      ['Jitter', span(quality.jitterMs)], ['Loss', percent(quality.loss, 1)], ['Threshold', server.qualityThreshold],
    ]} />
    ${quality.forecast && html`<p class="note tone-warn">Expected to fall below ${quality.forecast.below} in about ${span(quality.forecast.withinMs)} (${percent(quality.forecast.confidence)} sure).</p>`}
    ${quality.issues?.map((issue) => html`<p key=${issue} class="note tone-warn">${sentence(issue)}</p>`)}
  <//>`;
}

export function Checks({ server }) {
  const { checks } = server;
  return html`<${Card} title="Checks and calls">
    <${Facts} rows=${[
      ['Last check', html`<${Ago} at=${checks.lastMsAgo === null || checks.lastMsAgo === undefined ? null : server.at - checks.lastMsAgo} />`],
      ['It showed', checks.outcome ?? (server.available ? 'traffic was enough' : 'nothing')],
      ['Next check', checks.nextMs === null || checks.nextMs === undefined ? 'paused' : html`<${Countdown} at=${server.at + checks.nextMs} />`],
      ['Interval', checks.intervalMs ? span(checks.intervalMs) : '–'], ['Failed in a row', count(checks.failures)], ['Circuit breaker', server.breaker.replace('_', ' ')],
      ['Calls served', count(server.calls.served)], ['Calls failed', html`<span class=${server.calls.failed ? 'ink-bad' : ''}>${count(server.calls.failed)}</span>`],
      ['In flight', count(server.inFlight)], ['Waiting', count(server.queued)],
      ['Priority', server.priority], ['Depends on', server.dependsOn.length ? server.dependsOn.join(', ') : 'nothing'],
    ]} /><//>`;
}

export function Process({ server }) {
  const told = server.process;
  const pid = told?.pid ?? server.pid;
  return html`<${Card} title="Process">
    ${!pid ? html`<${Empty} icon="memory" title="No process runs">It appears here as soon as the server is started.<//>`
      : html`<${Facts} rows=${[
        ['Process id', html`<span data-testid="pid">${pid}</span>`], ['Processes', count(told?.processes)], ['Memory', bytes(told?.rssBytes)],
        ['CPU time', told ? span(told.cpuMs) : '–'], ['Open files', count(told?.fds)], ['Noise on stdout', count(server.noises)],
      ]} />`}<//>`;
}

export function Facts({ rows }) {
  return html`<dl class="facts">${rows.map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
}
