// The beginning: the page the address names, within the shell, or the question for the token.
import { html, render, useErrorBoundary } from './view.js';
import { route, to } from './router.js';
import { locked } from './token.js';
import { start as startLive } from './live.js';
import { start as startFleet } from './fleet.js';
import { Shell, Head } from './parts/shell.js';
import { Login } from './parts/login.js';
import { Empty } from './parts/notice.js';
import { Overview } from './pages/overview.js';
import { Server } from './pages/server.js';
import { Tools } from './pages/tools.js';
import { Tool } from './pages/tool.js';
import { Calls } from './pages/calls.js';
import { Sessions } from './pages/sessions.js';
import { Logs } from './pages/logs.js';
import { Config } from './pages/config.js';
import { Bench } from './pages/bench.js';

const ONE = { '': Overview, servers: Overview, tools: Tools, calls: Calls, sessions: Sessions, logs: Logs, config: Config, bench: Bench };
const NAMED = { servers: Server, tools: Tool, bench: Bench };

function Page() {
  const [first = '', ...rest] = route.value;
  const page = rest.length ? NAMED[first] : ONE[first];
  const name = rest.join('/');
  if (!page) {
    return html`<${Head} title="No such page" /><${Empty} icon="question" title="There is no page here"
      action=${html`<a class="button" href=${to()}>To the overview</a>`}>The address may be of another version.<//>`;
  }
  return html`<${Guarded} key=${`${first}/${name}`}><${page} name=${name} /><//>`;
}

/** A fault of a page is told, and the rest of the interface stays. */
function Guarded({ children }) {
  const [error, reset] = useErrorBoundary((caught) => console.error(caught));
  if (!error) return children;
  return html`<${Empty} icon="alert" title="This page broke" action=${html`<button class="button" onClick=${reset}>Show it again</button>`}>
    That is a fault of the interface, not of the gateway. Show it again, or reload; if it stays, report it with what you did.<//>`;
}

function App() {
  return locked.value ? html`<${Login} />` : html`<${Shell}><${Page} /><//>`;
}

startFleet();
startLive();
render(html`<${App} />`, document.getElementById('app'));
