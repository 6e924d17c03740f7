// A stand-in for the gateway, for working on the interface alone: the files from the source folder, and the API
// with data that changes. `node tests/ui/mock.mjs [port] [token]`
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';

const FILES = fileURLToPath(new URL('../../src/admin/ui/', import.meta.url));
const KINDS = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'";
const [port = '3999', token = ''] = process.argv.slice(2);
const began = Date.now();
const random = (low, high) => low + Math.random() * (high - low);
const pick = (all) => all[Math.floor(Math.random() * all.length)];

function report(name, more = {}) {
  return {
    name, transport: 'stdio', state: 'ready', word: 'ready', available: true, sinceMs: 0, cause: null, attempts: 0, nextTryMs: null, required: false,
    priority: 50, dependsOn: [], tools: 5, inFlight: 0, queued: 0, calls: { served: 0, failed: 0 }, score: 97, qualityThreshold: 60,
    quality: { score: 97, parts: { latency: 0.97, reliability: 0.99, stability: 0.95 }, latencyMeanMs: 12.4, latencyP95Ms: 31, latencyUsualMs: 11.8, jitterMs: 2.1, loss: 0.002, trend: 'stable', forecast: null, issues: [], stale: false, lastSampleMs: 900 },
    checks: { lastMsAgo: 2000, outcome: 'alive', failures: 0, nextMs: 9000, intervalMs: 10_000 }, breaker: 'closed', noises: 0, pid: 4711,
    process: { pid: 4711, processes: 2, rssBytes: 61_000_000, cpuMs: 4210, fds: 21 }, at: began, ...more,
  };
}

const servers = new Map([
  report('files', { required: true, pid: 4711 }),
  report('github', { transport: 'streamable-http', pid: null, process: null, score: 71, quality: { ...report('x').quality, score: 71, trend: 'degrading', parts: { latency: 0.52, reliability: 0.93, stability: 0.88 }, latencyMeanMs: 412, forecast: { below: 60, withinMs: 360_000, confidence: 0.74 }, issues: ['latency rises'] } }),
  report('postgres', { dependsOn: ['files'] }),
  report('browser', { state: 'down', word: 'down', available: false, attempts: 4, nextTryMs: 41_000, score: 22, pid: null, process: null, cause: { class: 'crash_at_start', text: 'the process ended with exit code 3 before it had said hello', remedy: 'Read the last lines of its stderr; start the command by hand.' }, quality: { ...report('x').quality, stale: true, score: 22 } }),
  report('jira', { transport: 'sse', state: 'needs_login', word: 'needs login', available: false, attempts: 1, pid: null, process: null, cause: { class: 'auth', text: 'the server answered 401', remedy: 'Put a valid token under `headers` of this server.' }, quality: { ...report('x').quality, stale: true } }),
  report('search', { state: 'idle', word: 'idle', quality: { ...report('x').quality, stale: true }, pid: null, process: null, tools: null }),
  report('slack', { score: 41, quality: { ...report('x').quality, score: 41, trend: 'improving', issues: ['one of 9 probes was lost'] } }),
].map((one) => [one.name, one]));

const schema = { type: 'object', required: ['path', 'mode'], properties: {
  path: { type: 'string', description: 'Where to look, below the allowed folders.', examples: ['/data/report.txt'] },
  mode: { enum: ['text', 'binary', 'lines'], description: 'How to read it.' },
  limit: { type: 'integer', minimum: 1, maximum: 500, default: 100 }, ratio: { type: 'number' }, follow: { type: 'boolean', description: 'Follow symbolic links.' },
  tags: { type: 'array', items: { type: 'string' } }, filter: { type: 'object', required: ['since'], properties: { since: { type: 'string', format: 'date' }, deep: { type: 'boolean' } } },
  either: { oneOf: [{ type: 'string' }, { type: 'number' }], description: 'One or the other.' } } };
const tools = ['files.read_file', 'files.list_directory', 'files.write_file', 'github.search_issues', 'github.create_issue', 'postgres.query', 'slack.post_message', 'browser.screenshot'].map((name, index) => {
  const [server, own] = name.split('.');
  return { name, server, own, title: own.replaceAll('_', ' '), description: `What ${own.replaceAll('_', ' ')} does, told by its server in a sentence that may be long enough to need more than a line.`, enabled: index !== 2, available: servers.get(server).available, annotations: { readOnlyHint: index % 3 === 0, destructiveHint: own.startsWith('write') }, calls: index * 37, errors: index % 3, p50Ms: index ? random(2, 40) : null, p95Ms: index ? random(40, 200) : null, p99Ms: index ? random(200, 900) : null, lastAtMs: index ? Date.now() - index * 60_000 : null };
});
const sessions = [['claude-desktop', '1.9.2', 'streamable-http'], ['cursor', '0.51', 'streamable-http'], ['vscode', '1.112', 'stdio']].map(([name, version, face], index) => ({ id: `b7c1d2e${index}-41aa-4b1e`, face, client: { name, version }, revision: ['2025-11-25', '2026-07-28', '2025-06-18'][index], view: 'all', openedAtMs: began - index * 400_000, idleMs: index * 5000, inFlight: index === 0 ? 1 : 0, listening: index !== 2 }));
const [calls, logs, frames, subscribers] = [[], [], [], new Set()];
const recordings = [{ id: 1, server: 'files', state: 'stopped', startedAtMs: began - 900_000, stoppedAtMs: began - 880_000, frames: 12, bytes: 4000 }];

const tell = (event, data, topic) => subscribers.forEach((one) => one.topics.includes(topic) && one.answer.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`));
const shown = (one) => ({ ...one, sinceMs: Date.now() - one.at, nextTryMs: one.nextTryMs && Math.max(0, one.nextTryMs - (Date.now() - one.at)), at: undefined });
let number = 0;

function call() {
  const tool = pick(tools.filter((one) => one.available));
  number += 1;
  const [starting, queued, downstream] = [Math.random() < 0.06 ? random(300, 900) : 0, Math.random() < 0.3 ? random(1, 60) : 0, Math.random() < 0.05 ? random(1000, 3500) : random(3, 120)];
  const kind = Math.random() < 0.86 ? 'ok' : pick(['tool_error', 'error', 'failed', 'cancelled', 'lost']);
  const client = pick(sessions);
  const made = { number, atMs: Date.now(), session: client.id, face: client.face, client: client.client, revision: client.revision, id: number, method: 'tools/call', name: tool.name, server: tool.server, tool: tool.own, phase: 'downstream', startingMs: starting, queuedMs: queued, downstreamMs: null, tookMs: null, waitsAtMs: starting ? 0.2 : null, queuedAtMs: starting + 0.2, sentAtMs: starting + queued + 0.3, overAtMs: null, bytes: 210, answerBytes: null, outcome: null, traceId: '4bf92f3577b34da6a3ce929d0e0e4736' };
  calls.unshift(made);
  calls.splice(400);
  tell('call', made, 'calls');
  setTimeout(() => {
    Object.assign(made, { phase: 'over', downstreamMs: downstream, tookMs: starting + queued + downstream + 0.4, overAtMs: starting + queued + downstream + 0.4, answerBytes: 1800, outcome: kind === 'ok' ? { kind } : { kind, code: -32010, reason: 'server_gone', text: 'the server went away while it worked on this', sent: 'unknown' } });
    tell('call', made, 'calls');
  }, starting + queued + downstream);
}

function log(source, level, server, text, fields = {}) {
  const made = { id: logs.length + 1, atMs: Date.now(), level, source, server, session: null, request: null, logger: source === 'mcp' ? 'worker' : null, text, fields };
  logs.push(made);
  tell('log', made, 'logs');
}

function frame(direction, kind, method, message) {
  const made = { seq: frames.length + 1, atMs: Date.now(), direction, generation: 3, kind, id: kind === 'notification' ? null : frames.length, method, bytes: JSON.stringify(message).length, truncated: false, text: JSON.stringify(message) };
  frames.push(made);
  tell('frame', made, 'frames');
  return made;
}

const SAYINGS = [['gateway', 'info', null, 'a client has opened a session'], ['stderr', 'info', 'files', 'INFO indexed 2,104 files in 3.1 s'], ['mcp', 'debug', 'github', 'cache hit for repos/list'], ['stderr', 'warn', 'slack', 'rate limit: waiting 2 s'], ['gateway', 'warn', 'browser', 'the process ended with exit code 3'], ['audit', 'info', 'files', 'an operator asked: probe'], ['stderr', 'error', 'browser', 'Error: no usable display found']];
for (let count = 0; count < 60; count += 1) log(...SAYINGS[count % SAYINGS.length], { generation: 3, attempt: count });
setInterval(() => log(...pick(SAYINGS), { generation: 3, session: { id: 'b7c1', open: true } }), 900);
setInterval(call, 260);
setInterval(() => { frame('out', 'request', 'ping', { jsonrpc: '2.0', id: frames.length, method: 'ping' }); frame('in', 'response', null, { jsonrpc: '2.0', id: frames.length - 1, result: {} }); }, 2500);
setInterval(() => {
  for (const one of servers.values()) {
    if (!one.available || one.quality.stale) continue;
    one.score = Math.round(Math.min(100, Math.max(30, one.score + random(-3, 3))));
    one.calls.served += Math.floor(random(0, 9));
    one.inFlight = Math.floor(random(0, 3));
    tell('server', shown(one), 'servers');
  }
}, 1500);

const facts = () => ['ready', 'connecting, attempt 1 (boot)', '5 tools: new read_file, list_directory', 'alive after 2.4 ms', 'an operator asked: probe', 'quality 71, degrading: latency rises'].map((words, index) => ({ atMs: Date.now() - index * 45_000, event: ['state', 'attempt', 'tools', 'probe', 'operator', 'quality'][index], state: 'ready', outcome: 'alive', words }));
const points = (tier) => Array.from({ length: 60 }, (_, index) => ({ agoMs: (60 - index) * { recent: 2000, minutes: 60_000, hours: 3_600_000 }[tier], probes: { answered: 6, failed: 0, meanMs: random(8, 14), minMs: 5, maxMs: 30 }, calls: { answered: 20, failed: index % 20 ? 0 : 1, meanMs: random(15, 60), minMs: 4, maxMs: 200 }, downs: 0, lowest: tier === 'recent' ? null : Math.round(random(70, 99)) }));

const ROUTES = [
  ['GET', /^\/api\/v1\/servers$/, () => ({ servers: [...servers.values()].map(shown) })],
  ['GET', /^\/api\/v1\/servers\/([^/]+)$/, ([, name]) => servers.has(name) && shown(servers.get(name))],
  ['GET', /^\/api\/v1\/servers\/([^/]+)\/timeline$/, ([, name]) => ({ server: name, events: facts() })],
  ['GET', /^\/api\/v1\/servers\/([^/]+)\/history$/, ([, name], { tier }) => ({ server: name, tier, points: points(tier ?? 'recent') })],
  ['POST', /^\/api\/v1\/servers\/([^/]+)\/send$/, (_, __, { message }) => ({ response: message.id === undefined ? null : { jsonrpc: '2.0', id: message.id, result: {} }, tookMs: 3.2, frames: [frame('out', 'request', message.method, message)] })],
  ['POST', /^\/api\/v1\/servers\/([^/]+)\/(\w+)$/, ([, name, action]) => {
    const one = servers.get(name);
    Object.assign(one, action === 'stop' ? { state: 'stopped', word: 'stopped', available: false, cause: null, nextTryMs: null } : { state: 'ready', word: 'ready', available: true, cause: null, nextTryMs: null }, { at: Date.now() });
    tell('server', shown(one), 'servers');
    return { server: name, accepted: action };
  }],
  ['GET', /^\/api\/v1\/monitor$/, () => ({ servers: [...servers.values()].map((one) => ({ name: one.name, state: one.state, quality: one.quality, history: points('minutes') })) })],
  ['GET', /^\/api\/v1\/tools$/, (_, { search = '', server }) => ({ tools: tools.filter((one) => one.name.includes(search) && (!server || one.server === server)) })],
  ['GET', /^\/api\/v1\/tools\/([^/]+)$/, ([, name]) => { const one = tools.find((tool) => tool.name === name); return one && { ...one, inputSchema: schema, outputSchema: null }; }],
  ['POST', /^\/api\/v1\/tools\/([^/]+)\/call$/, ([, name], _, { arguments: given }) => ({ request: number, outcome: { kind: 'ok' }, result: { content: [{ type: 'text', text: JSON.stringify({ name, given }) }], structuredContent: given }, tookMs: 14.2, frames: [frame('out', 'request', 'tools/call', given), frame('in', 'response', null, { result: given })] })],
  ['POST', /^\/api\/v1\/tools\/([^/]+)\/(enable|disable)$/, ([, name, action]) => { tools.find((tool) => tool.name === name).enabled = action === 'enable'; tell('tools', {}, 'tools'); return { name, enabled: action === 'enable' }; }],
  ['GET', /^\/api\/v1\/sessions$/, () => ({ sessions })],
  ['GET', /^\/api\/v1\/calls$/, (_, { limit = 100 }) => ({ calls: calls.slice(0, limit) })],
  ['GET', /^\/api\/v1\/calls\/(\d+)$/, ([, asked]) => calls.find((one) => String(one.number) === asked)],
  ['GET', /^\/api\/v1\/logs$/, (_, { server, level, source, text, limit = 200, before = Infinity }) => {
    const levels = ['trace', 'debug', 'info', 'warn', 'error'];
    const found = logs.filter((one) => one.id < before && (!server || one.server === server) && (!source || one.source === source) && (!level || levels.indexOf(one.level) >= levels.indexOf(level)) && (!text || one.text.includes(text))).reverse();
    return { logs: found.slice(0, limit), more: found.length > limit };
  }],
  ['GET', /^\/api\/v1\/recordings$/, () => ({ recordings })],
  ['POST', /^\/api\/v1\/recordings\/([^/]+)\/replay$/, () => ({ identical: false, steps: [{ method: 'tools/list', sent: '', expected: { result: { tools: ['a', 'b'] } }, got: { result: { tools: ['a', 'c'] } }, same: false, tookMs: 4 }, { method: 'ping', sent: '', expected: { result: {} }, got: { result: {} }, same: true, tookMs: 1 }] })],
  ['GET', /^\/api\/v1\/config$/, () => ({ path: 'mcpvisor.yaml', config: { listen: '127.0.0.1:3210', admin: { token: '***' }, servers: { files: { command: 'npx', args: ['-y', 'server-filesystem'], env: { KEY: '***' } }, github: { url: 'https://example.test/mcp', headers: { Authorization: '***' } } } }, notes: ['`servers.slack.timeout` is deprecated, `call_timeout` is its new name'] })],
  ['POST', /^\/api\/v1\/config\/validate$/, (_, __, { text }) => (text.includes('wrong') ? { valid: false, faults: [{ line: text.split('\n').findIndex((line) => line.includes('wrong')) + 1, column: 3, key: 'servers.files', message: 'there is no key `wrong`', remedy: 'Did you mean `args`?' }], notes: [] } : { valid: true, faults: [], notes: [] })],
  ['GET', /^\/health$/, () => ({ status: 'degraded', version: '0.1.0', uptimeMs: Date.now() - began + 7_400_000, clients: { sessions: 3, inFlight: 1 }, loops: { catalog: true, proxy: true }, servers: [] })],
];

createServer(async (request, answer) => {
  const url = new URL(request.url, 'http://localhost');
  const json = (status, body) => answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  if (url.pathname.startsWith('/ui/')) {
    const path = normalize(url.pathname.slice(4)) || 'index.html';
    const file = await readFile(join(FILES, path)).catch(() => null);
    const kind = KINDS[extname(path)] ?? 'text/html';
    return answer.writeHead(200, { 'content-type': file ? kind : 'text/html', 'content-security-policy': CSP, 'cache-control': 'no-cache' }).end(file ?? await readFile(join(FILES, 'index.html')));
  }
  if (url.pathname.startsWith('/api/') && token && request.headers.authorization !== `Bearer ${token}`) return json(401, { error: { code: 'unauthorized', message: 'the token is missing or wrong', remedy: 'Send it as `Authorization: Bearer TOKEN`.' } });
  if (url.pathname.endsWith('/events') || url.pathname.endsWith('/frames')) {
    const topics = url.pathname.endsWith('/frames') ? ['frames'] : (url.searchParams.get('topics') ?? 'servers,calls,facts,tools,sessions').split(',');
    const one = { answer, topics };
    answer.writeHead(200, { 'content-type': 'text/event-stream' }).write('event: hello\ndata: {"version":"0.1.0"}\n\n');
    subscribers.add(one);
    return request.on('close', () => subscribers.delete(one));
  }
  let text = '';
  for await (const chunk of request) text += chunk;
  for (const [method, pattern, make] of ROUTES) {
    const found = method === request.method && pattern.exec(decodeURIComponent(url.pathname));
    const body = found && make(found, Object.fromEntries(url.searchParams), text ? JSON.parse(text) : {});
    if (body) return json(200, body);
  }
  return json(404, { error: { code: 'no_such_page', message: 'there is no such page of the API', remedy: 'The stand-in does not know it.' } });
}).listen(Number(port), '127.0.0.1', () => console.log(`http://127.0.0.1:${port}/ui/`));
