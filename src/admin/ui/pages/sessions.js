// Who is connected to the gateway.
import { html, useEffect } from '../view.js';
import { Head } from '../parts/shell.js';
import { Empty, Loading, Problem } from '../parts/notice.js';
import { Table } from '../parts/table.js';
import { Badge } from '../parts/badge.js';
import { Icon } from '../parts/icon.js';
import { Ago, Lasting } from '../parts/time.js';
import { confirm } from '../parts/dialog.js';
import { failed, toast } from '../parts/toast.js';
import { part, remove } from '../api.js';
import { on } from '../live.js';
import { useLoad } from '../load.js';
import { many } from '../words.js';

export function Sessions() {
  const load = useLoad('sessions', { every: 5000 });
  useEffect(() => on('session', load.again), []);
  const at = Date.now();
  const sessions = load.data?.sessions;
  const close = async (session) => {
    const who = session.client?.name ?? 'this client';
    if (!await confirm({ title: `Close the session of ${who}?`, go: 'Close it', text: `Its calls in flight are cancelled.${session.face === 'stdio' ? '' : ' Most clients open a new session by themselves.'}` })) return;
    try {
      await remove(`sessions/${part(session.id)}`);
      toast('The session is being closed.');
    } catch (fault) { failed(fault); }
    load.again();
  };
  return html`<${Head} title="Sessions">${sessions && many(sessions.length, 'session')}<//>
    ${load.fault && html`<${Problem} fault=${load.fault} again=${load.again} />`}
    ${!sessions && !load.fault && html`<${Loading} lines=${5} />`}
    ${sessions?.length === 0 && html`<${Empty} icon="sessions" title="Nobody is connected">Point a client at <code>${location.origin}/mcp</code>; it appears here once it has said hello.<//>`}
    ${sessions?.length > 0 && html`<div class="card flush"><${Table} label="Sessions" testid="sessions" rows=${sessions} rowKey=${(one) => one.id} sort=${{ key: 'openedAtMs', down: true }} columns=${[
      { key: 'client', name: 'Client', value: (one) => one.client?.name ?? '', show: (one) => html`<div class="cell-name"><strong>${one.client?.name ?? 'Unnamed client'}</strong> <span class="faint">${one.client?.version ?? ''}</span><span class="cell-sub"><code>${one.id}</code></span></div>` },
      { key: 'face', name: 'Face', show: (one) => one.face },
      { key: 'revision', name: 'Revision', narrow: true, show: (one) => html`<span class="num">${one.revision ?? '–'}</span>` },
      { key: 'view', name: 'Sees', narrow: true, value: (one) => JSON.stringify(one.view), show: (one) => viewOf(one.view) },
      { key: 'openedAtMs', name: 'Opened', num: true, narrow: true, show: (one) => html`<${Ago} at=${one.openedAtMs} />` },
      { key: 'idleMs', name: 'Idle', num: true, show: (one) => html`<${Lasting} since=${at - one.idleMs} />` },
      { key: 'inFlight', name: 'In flight', num: true },
      { key: 'listening', name: 'Listens', narrow: true, show: (one) => (one.listening ? html`<${Badge} tone="ok" icon="check">Yes<//>` : html`<span class="faint">no</span>`) },
      { key: 'close', name: 'Close', plain: 'unseen', show: (one) => html`<button class="button small" onClick=${() => close(one)} aria-label=${`Close the session of ${one.client?.name ?? one.id}`}><${Icon} name="cross" size=${13} />Close</button>` },
    ]} /></div>`}`;
}

/** What of the gateway a session sees. */
const viewOf = (view) => (view === null || view === undefined ? 'everything' : typeof view === 'string' ? (view === 'all' ? 'everything' : view) : Array.isArray(view) ? view.join(', ') : JSON.stringify(view));
