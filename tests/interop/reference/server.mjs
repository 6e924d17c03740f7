// The reference server: everything the official conformance suite asks of a server, on the published TypeScript SDK 2.x.
// Usage: INTEROP_PACKAGES=DIR node server.mjs stdio|PORT dual|legacy|modern
// With a PORT it serves http://127.0.0.1:PORT/mcp, prints "listening" and lives until it is ended.
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";

import { build } from "./catalog.mjs";
import { load } from "./packages.mjs";
import { outcome } from "./tasks.mjs";

const [where, eras] = process.argv.slice(2);
const { createMcpHandler, isLegacyRequest, InMemoryServerEventBus } = await load("@modelcontextprotocol/server");

if (where === "stdio") {
  const { serveStdio } = await load("@modelcontextprotocol/server/stdio");
  if (eras === "legacy") {
    // What a server of 2025 does: it knows no `server/discover` and answers that with "method not found".
    const { StdioServerTransport } = await load("@modelcontextprotocol/server/stdio");
    const server = build({ era: "legacy" });
    await server.connect(new StdioServerTransport());
  } else {
    const { StdioServerTransport } = await load("@modelcontextprotocol/server/stdio");
    const transport = new StdioServerTransport();
    const send = transport.send.bind(transport);
    transport.send = (message) => send(outcome(200, message).body);
    serveStdio(build, { legacy: eras === "modern" ? "reject" : "serve", transport });
  }
} else {
  await serveHttp(Number(where));
}

async function serveHttp(port) {
  const { NodeStreamableHTTPServerTransport, toNodeHandler, toWebRequest, localhostHostValidation, localhostOriginValidation } =
    await load("@modelcontextprotocol/node");
  const bus = new InMemoryServerEventBus();
  const modern =
    eras === "legacy" ? undefined : createMcpHandler((context) => build(context, modern.notify), { legacy: "reject", bus });
  const answerModern = modern && toNodeHandler({ fetch: (request, options) => modern.fetch(request, options).then(withOutcome) });
  const sessions = new Map();
  const guards = [localhostHostValidation(), localhostOriginValidation()];

  async function answerLegacy(request, response, body) {
    const id = request.headers["mcp-session-id"];
    const known = id === undefined ? undefined : sessions.get(id);
    if (known) return known.handleRequest(request, response, body);
    if (id !== undefined) return refuse(response, 404, -32001, "Session not found");
    if (body?.method !== "initialize") return refuse(response, 400, -32000, "No session, and not an initialize request");
    const transport = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      eventStore: eventStore(),
      retryInterval: 500,
      onsessioninitialized: (session) => void sessions.set(session, transport),
      onsessionclosed: (session) => void sessions.delete(session),
    });
    await build({ era: "legacy" }).connect(transport);
    return transport.handleRequest(request, response, body);
  }

  const http = createServer(async (request, response) => {
    if (!guards.every((allowed) => allowed(request, response))) return;
    if (new URL(request.url, "http://127.0.0.1").pathname !== "/mcp") return void response.writeHead(404).end();
    try {
      let body;
      if (request.method === "POST") {
        const text = await whole(request);
        try {
          body = JSON.parse(text);
        } catch {
          return refuse(response, 400, -32700, "Parse error");
        }
      }
      const legacy = !modern || (eras !== "modern" && (await isLegacyRequest(await toWebRequest(request, body), body)));
      await (legacy ? answerLegacy(request, response, body) : answerModern(request, response, body));
    } catch (fault) {
      console.error(fault);
      if (!response.headersSent) refuse(response, 500, -32603, "Internal error");
    }
  });
  await new Promise((ready) => http.listen(port, "127.0.0.1", ready));
  console.log("listening");
}

async function withOutcome(response) {
  if (!response.headers.get("content-type")?.startsWith("application/json")) return response;
  const { status, body } = outcome(response.status, await response.json());
  return Response.json(body, { status });
}

function refuse(response, status, code, message) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ jsonrpc: "2.0", id: null, error: { code, message } }));
}

async function whole(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

// Keeps what one session sent, so that a broken stream can be taken up again after any event of it.
function eventStore() {
  const events = [];
  return {
    async storeEvent(stream, message) {
      events.push({ stream, message });
      return `${events.length}_${stream}`;
    },
    async getStreamIdForEventId(event) {
      return events[Number.parseInt(event, 10) - 1]?.stream;
    },
    async replayEventsAfter(event, { send }) {
      const from = Number.parseInt(event, 10);
      const stream = events[from - 1]?.stream;
      for (const [at, kept] of events.entries()) {
        const empty = Object.keys(kept.message).length === 0; // the event that opened the stream
        if (at >= from && kept.stream === stream && !empty) await send(`${at + 1}_${stream}`, kept.message);
      }
      return stream;
    },
  };
}
