// A real gateway on a free port with a folder of its own, and a client that makes it work.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.mjs';

const running = new Set();
process.on('exit', () => running.forEach((gateway) => gateway.kill()));

export class Gateway {
  constructor(program, config) {
    this.program = program;
    this.folder = mkdtempSync(join(tmpdir(), 'mcpvisor-ui-'));
    writeFileSync(join(this.folder, 'config.json'), JSON.stringify(config));
    this.listen = '127.0.0.1:0';
  }

  /** Starts it; a second time at the same address. */
  async start() {
    const env = { ...process.env, MCPVISOR__STATE_DIR: join(this.folder, 'state') };
    delete env.MCPVISOR_CONFIG;
    this.child = spawn(this.program, ['serve', '--config', join(this.folder, 'config.json'), '--listen', this.listen], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.said = '';
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (chunk) => { this.said += chunk; });
    running.add(this);
    await until('the gateway serves', () => {
      if (this.child.exitCode !== null) throw new Error(`the gateway ended:\n${this.said}`);
      this.listen = /http:\/\/(127\.0\.0\.1:\d+)\/mcp/.exec(this.said)?.[1] ?? this.listen;
      return !this.listen.endsWith(':0') && this.said.includes('/mcp');
    });
    return this;
  }

  get url() { return `http://${this.listen}`; }

  async get(path) { return (await fetch(this.url + path)).json(); }

  async post(path, body) {
    const answer = await fetch(this.url + path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body ?? {}) });
    return answer.json();
  }

  server(name) { return this.get(`/api/v1/servers/${name}`); }

  /** Ends it in order, or at once. */
  async stop(signal = 'SIGTERM') {
    const gone = new Promise((done) => this.child.once('exit', done));
    this.child.kill(signal);
    await gone;
    running.delete(this);
  }

  kill() {
    this.child?.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A client of 2025-11-25 with a session. */
export class Client {
  constructor(gateway, name) { Object.assign(this, { gateway, name, id: 0, session: null }); }

  async ask(method, params, notification) {
    this.id += 1;
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    if (this.session) Object.assign(headers, { 'mcp-session-id': this.session, 'mcp-protocol-version': '2025-11-25' });
    const answer = await fetch(`${this.gateway.url}/mcp`, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...(notification ? {} : { id: this.id }), method, params }) });
    this.session ??= answer.headers.get('mcp-session-id');
    return answer.text();
  }

  async open() {
    await this.ask('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: this.name, version: '1.4.0' } });
    await this.ask('notifications/initialized', undefined, true);
    return this;
  }

  call(name, given) { return this.ask('tools/call', { name, arguments: given }); }
}
