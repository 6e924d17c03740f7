// The logs of the gateway and of every server in one list: filtered, searched, followed live.
import { html, useEffect, useRef, useState } from '../view.js';
import { Head } from '../parts/shell.js';
import { Icon } from '../parts/icon.js';
import { Select } from '../parts/choice.js';
import { Switch } from '../parts/switch.js';
import { Empty, Loading, Problem } from '../parts/notice.js';
import { LogLine } from '../parts/logline.js';
import { walk } from '../parts/table.js';
import { get, query } from '../api.js';
import { names } from '../fleet.js';
import { useLoad, useRest } from '../load.js';
import { on, want } from '../live.js';
import { asked, refine } from '../router.js';
import { count } from '../words.js';

const PAGE = 200;
/** Lines kept on the page. */
const MOST = 1500;
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'];
const SOURCES = [['gateway', 'Gateway'], ['stderr', 'stderr of servers'], ['mcp', 'MCP messages'], ['audit', 'Audit']];
const SINCE = [['300000', '5 minutes'], ['3600000', '1 hour'], ['86400000', '24 hours']];

/** Whether a live line is among those asked for. Pure. */
export function fits(log, { server, source, level, text, request, session }) {
  if (server && log.server !== server) return false;
  if (source && log.source !== source) return false;
  if (level && LEVELS.indexOf(log.level) < LEVELS.indexOf(level)) return false;
  if (request && String(log.request) !== String(request)) return false;
  if (session && log.session !== session) return false;
  return !text || `${log.text} ${log.logger ?? ''}`.toLowerCase().includes(text.toLowerCase());
}

export function Logs() {
  const { server = '', source = '', level = '', text = '', request = '', session = '', within = '' } = asked.value;
  const [typed, type] = useState(text);
  const rested = useRest(typed, 250);
  useEffect(() => { if (rested !== text) refine({ text: rested }); }, [rested]);
  const wants = { server, source, level, text, request, session };
  const key = JSON.stringify({ ...wants, within });
  const sinceMs = within ? Date.now() - Number(within) : '';
  const [base, setBase] = useState({ key, path: `logs${query({ ...wants, sinceMs, limit: PAGE })}` });
  if (base.key !== key) setBase({ key, path: `logs${query({ ...wants, sinceMs, limit: PAGE })}` });
  const load = useLoad(base.path);
  const [older, setOlder] = useState({ key, logs: [], more: null });
  const [come, setCome] = useState([]);
  const [tail, setTail] = useState(true);
  const wanted = useRef(wants);
  wanted.current = wants;
  useEffect(() => { setCome([]); setOlder({ key, logs: [], more: null }); }, [load.data]);
  useTail(tail, wanted, setCome);

  const mine = older.key === key ? older : { logs: [], more: null };
  const seen = new Set();
  const lines = [...come, ...(load.data?.logs ?? []), ...mine.logs].filter((log) => !seen.has(log.id) && seen.add(log.id) && fits(log, wants)).slice(0, MOST);
  const more = mine.more ?? load.data?.more;
  const again = () => { setBase({ key, path: `logs${query({ ...wants, sinceMs, limit: PAGE })}` }); load.again(); };
  const loadOlder = async () => {
    const told = await get(`logs${query({ ...wants, sinceMs, limit: PAGE, before: lines.at(-1).id })}`).catch(() => null);
    if (told) setOlder({ key, logs: [...mine.logs, ...told.logs], more: told.more });
  };
  const toggle = () => { if (!tail) again(); setTail(!tail); };
  const filtered = Object.values(wants).some(Boolean) || within;
  return html`<${Head} title="Logs" aside=${html`<span class="switch-row"><span>Live</span><${Switch} on=${tail} label="Follow live" turn=${toggle} /></span>`}>${tail ? 'following live' : 'paused'}<//>
    <div class="filters"><input class="input search" type="search" placeholder="Search in the text" aria-label="Search in the text" value=${typed} onInput=${(event) => type(event.target.value)} />
      <${Select} label="Source" all="All sources" options=${SOURCES} value=${source} choose=${(next) => refine({ source: next })} />
      <${Select} label="Server" all="All servers" options=${names.value} value=${server} choose=${(next) => refine({ server: next })} />
      <${Select} label="Least level" all="All levels" options=${LEVELS.slice(1).map((one) => [one, `${one} and above`])} value=${level} choose=${(next) => refine({ level: next })} />
      <${Select} label="Since" all="Any time" options=${SINCE.map(([ms, name]) => [ms, `Last ${name}`])} value=${within} choose=${(next) => refine({ within: next })} />
      ${request && html`<button class="chip" onClick=${() => refine({ request: '' })}>call ${request}<${Icon} name="cross" size=${12} /></button>`}
      ${session && html`<button class="chip" onClick=${() => refine({ session: '' })}>session ${session.slice(0, 8)}<${Icon} name="cross" size=${12} /></button>`}</div>
    ${load.fault && html`<${Problem} fault=${load.fault} again=${again} />`}
    ${load.loading && lines.length === 0 && !load.fault && html`<${Loading} lines=${8} />`}
    ${!load.loading && !load.fault && lines.length === 0 && html`<${Empty} icon="logs" title=${filtered ? 'No entry fits' : 'Nothing was logged yet'}
      action=${filtered && html`<button class="button" onClick=${() => { type(''); refine({ server: '', source: '', level: '', text: '', request: '', session: '', within: '' }); }}>Clear the filters</button>`}>${filtered ? 'Try a lower level or a longer time.' : 'What the gateway and its servers say appears here.'}<//>`}
    ${lines.length > 0 && html`<div class="card flush"><ol class="logs" onKeyDown=${walk} data-testid="logs" aria-label="Log entries, newest first">${lines.map((log) => html`<${LogLine} key=${log.id} log=${log} search=${text} />`)}</ol>
      <div class="list-end">${more && lines.length < MOST ? html`<button class="button small" onClick=${loadOlder}>Older entries</button>` : html`<span class="faint">${lines.length >= MOST ? `The newest ${count(MOST)} are shown; filter for older ones.` : 'That is all there is.'}</span>`}</div></div>`}`;
}

/** Hears log entries while it is on, a few times a second at most. */
function useTail(active, wanted, setCome) {
  useEffect(() => {
    if (!active) return undefined;
    let waiting = [];
    const timer = setInterval(() => {
      if (!waiting.length) return;
      const batch = waiting.reverse();
      waiting = [];
      setCome((before) => [...batch, ...before].slice(0, MOST));
    }, 150);
    const deaf = on('log', (log) => { if (fits(log, wanted.current)) waiting = [...waiting.slice(-MOST), log]; });
    const enough = want('logs');
    return () => { clearInterval(timer); deaf(); enough(); };
  }, [active]);
}
