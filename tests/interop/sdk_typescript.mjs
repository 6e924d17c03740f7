// Drives an endpoint with one of the two official TypeScript clients, at its default settings.
// Usage: node sdk_typescript.mjs PACKAGES sdk|client '{"face":"stdio|http|sse","target":[…],"prefix":"…"}'
// Prints one JSON line for each promise: {"check", "ok", "detail"}.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [packages, kind, task] = process.argv.slice(2);
const { face, target, prefix } = JSON.parse(task);
const require = createRequire(`${packages}/`);
const load = (name) => import(pathToFileURL(require.resolve(name)).href);

async function parts() {
  if (kind === "sdk") {
    const at = "@modelcontextprotocol/sdk/client";
    return Object.assign(
      {},
      ...(await Promise.all([`${at}/index.js`, `${at}/stdio.js`, `${at}/streamableHttp.js`, `${at}/sse.js`].map(load))),
    );
  }
  const at = "@modelcontextprotocol/client";
  return { ...(await load(at)), ...(await load(`${at}/stdio`)) };
}

const { Client, StdioClientTransport, StreamableHTTPClientTransport, SSEClientTransport } = await parts();
const transport = {
  stdio: () => new StdioClientTransport({ command: target[0], args: target.slice(1), stderr: "ignore" }),
  http: () => new StreamableHTTPClientTransport(new URL(target[0])),
  sse: () => new SSEClientTransport(new URL(target[0])),
}[face]();

const client = new Client({ name: "interop", version: "1" });
const call = (name, args, options) => {
  const params = { name: prefix + name, arguments: args };
  return kind === "sdk" ? client.callTool(params, undefined, options) : client.callTool(params, options);
};

async function promise(check, run) {
  try {
    console.log(JSON.stringify({ check, ok: true, detail: (await run()) ?? "" }));
  } catch (fault) {
    console.log(JSON.stringify({ check, ok: false, detail: String(fault?.stack ?? fault) }));
  }
}

function must(good, found) {
  if (!good) throw new Error(`found ${JSON.stringify(found)}`);
}

async function listed() {
  const until = Date.now() + 60_000;
  for (;;) {
    const { tools } = await client.listTools();
    if (tools.some((tool) => tool.name === `${prefix}echo`)) return tools;
    must(Date.now() < until, tools.map((tool) => tool.name));
    await new Promise((resume) => setTimeout(resume, 50));
  }
}

const slow = { duration: 0.8, steps: 4 };
await promise("connects", () => client.connect(transport));
await promise("lists", async () => must((await listed()).length >= 10, "too few tools"));
await promise("calls", async () => {
  const result = await call("echo", { message: "grüß" });
  must(result.content[0].text === "Echo: grüß", result);
});
await promise("calls a tool with structured content", async () => {
  const result = await call("get-structured-content", { location: "Chicago" });
  must(typeof result.structuredContent?.temperature === "number", result);
});
await promise("sees progress in order", async () => {
  const seen = [];
  await call("trigger-long-running-operation", slow, { onprogress: (step) => seen.push(step.progress) });
  // The last notification comes together with the result, and this client then drops it, connected directly too.
  must([3, 4].includes(seen.length) && seen.every((step, at) => step === at + 1), seen);
});
await promise("cancels", async () => {
  const stop = new AbortController();
  const options = { signal: stop.signal, onprogress: () => stop.abort("enough") };
  const outcome = await call("trigger-long-running-operation", slow, options).catch(() => "rejected");
  must(outcome === "rejected", outcome);
  const result = await call("echo", { message: "still here" });
  must(result.content[0].text === "Echo: still here", result);
});
await promise("pings", () => client.ping().then(() => ""));
await promise("closes", () => client.close());
process.exit(0);
