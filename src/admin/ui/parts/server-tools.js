// The tools of one server, in short.
import { html } from '../view.js';
import { useLoad } from '../load.js';
import { part } from '../api.js';
import { Card, Empty, Loaded } from './notice.js';
import { Badge } from './badge.js';
import { to } from '../router.js';
import { many, span } from '../words.js';

const FIRST = 12;

export function ServerTools({ name, count }) {
  const load = useLoad(`tools?server=${part(name)}`, { key: count });
  return html`<${Card} title="Tools" hint=${count ? many(count, 'tool') : ''} aside=${html`<a class="link" href=${`${to('tools')}?server=${part(name)}`}>All with statistics</a>`}>
    <${Loaded} load=${load} lines=${3}>${({ tools }) => (tools.length === 0
      ? html`<${Empty} icon="tool" title="It offers no tools">They are listed once the server has told them.<//>`
      : html`<ul class="plain-list">${tools.slice(0, FIRST).map((tool) => html`<li key=${tool.name}><a href=${to('tools', tool.name)}>${tool.own ?? tool.name}</a>
          ${!tool.enabled && html`<${Badge} tone="rest" icon="stop">Disabled<//>`}<span class="num faint">${tool.calls ? `${tool.calls} × ${span(tool.p50Ms)}` : ''}</span></li>`)}
          ${tools.length > FIRST && html`<li class="faint">and ${tools.length - FIRST} more</li>`}</ul>`)}<//><//>`;
}
