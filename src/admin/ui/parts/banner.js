// The bar that says that what is shown is no longer live.
import { html } from '../view.js';
import { connection, retry } from '../live.js';
import { now } from '../clock.js';
import { clock, long } from '../words.js';
import { Icon } from './icon.js';

/** Shorter breaks are not worth a bar. */
const PATIENCE = 1200;

export function ConnectionLost() {
  const { live, since, nextAt, fault, fresh } = connection.value;
  if (live || fresh || now.value - since < PATIENCE) return null;
  const missing = fault?.status === 404;
  return html`<div class="lost" role="alert" data-testid="connection-lost"><${Icon} name="bolt" />
    <span>${missing ? html`<strong>No live updates:</strong> this gateway sends no events.`
      : html`<strong>Connection lost</strong> since ${clock(since)} (${long(now.value - since)}). What you see may be out of date.`}</span>
    <span class="lost-next">${nextAt && nextAt > now.value ? `Trying again in ${long(nextAt - now.value)}` : 'Trying again…'}</span>
    <button class="button small" onClick=${retry}>Try now</button></div>`;
}

export function LiveDot() {
  const { live } = connection.value;
  return html`<span class=${`live-dot tone-${live ? 'ok' : 'bad'}`} data-testid="live" data-live=${live ? 'yes' : 'no'}
    title=${live ? 'Updates arrive as they happen' : 'No updates arrive'}><i></i>${live ? 'Live' : 'Offline'}</span>`;
}
