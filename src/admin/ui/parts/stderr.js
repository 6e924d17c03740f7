// What a server wrote to stderr: from the store of logs, or else its last words from the timeline.
import { html } from '../view.js';
import { useLoad } from '../load.js';
import { part } from '../api.js';
import { Card, Empty } from './notice.js';
import { Icon } from './icon.js';
import { to } from '../router.js';
import { clock, exact } from '../words.js';

const LINES = 200;

export function Stderr({ name, facts }) {
  const load = useLoad(`logs?source=stderr&server=${part(name)}&limit=${LINES}`, { every: 4000 });
  const lines = load.data?.logs.map((log) => ({ key: log.id, at: log.atMs, text: log.text })).reverse()
    ?? facts.list.filter((fact) => fact.event === 'stderr').reverse().flatMap((fact) => fact.lines.map((text, index) => ({ key: `${fact.key}${index}`, at: fact.atMs, text })));
  return html`<${Card} title="stderr" hint=${load.data ? 'the last lines' : 'its last words'}
    aside=${html`<a class="link" href=${`${to('logs')}?source=stderr&server=${part(name)}`}>All logs<${Icon} name="right" size=${13} /></a>`}>
    ${lines.length === 0 ? html`<${Empty} icon="logs" title="It has said nothing">What the server writes to stderr appears here.<//>`
      : html`<pre class="console" tabindex="0" aria-label=${`stderr of ${name}`}>${lines.map(({ key, at, text }) => html`<div key=${key}><time title=${exact(at)}>${clock(at)}</time>${text}</div>`)}</pre>`}<//>`;
}
