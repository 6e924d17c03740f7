// The matrix's client on either TypeScript SDK: goes through every cell of every server behind one endpoint.
// Usage: INTEROP_PACKAGES=DIR node client_typescript.mjs sdk|client legacy|modern '{"face":…,"target":[…],"servers":[{"name","prefix"}…]}'
// Prints one JSON line a cell: {"server", "cell", "ok", "detail"}.
import { load } from "../reference/packages.mjs";

const [kind, era, task] = process.argv.slice(2);
const { face, target, servers } = JSON.parse(task);
const modern = era === "modern";

async function parts() {
  if (kind === "sdk") {
    const at = "@modelcontextprotocol/sdk";
    const files = ["client/index.js", "client/stdio.js", "client/streamableHttp.js", "client/websocket.js", "types.js"];
    return Object.assign({}, ...(await Promise.all(files.map((file) => load(`${at}/${file}`)))));
  }
  const at = "@modelcontextprotocol/client";
  return { ...(await load(at)), ...(await load(`${at}/stdio`)) };
}
const sdk = await parts();
const { z } = await load("zod");

const capabilities = { sampling: {}, elicitation: { form: {} }, roots: { listChanged: true } };
const versionNegotiation = { mode: modern ? { pin: "2026-07-28" } : "legacy" };
const client = new sdk.Client({ name: `matrix-${kind}-${era}`, version: "1" }, { capabilities, versionNegotiation });
const answers = {
  "sampling/createMessage": () => ({
    role: "assistant",
    content: { type: "text", text: "The model" },
    model: "m",
    stopReason: "endTurn",
  }),
  "elicitation/create": () => ({ action: "accept", content: { response: "yes" } }),
  "roots/list": () => ({ roots: [{ uri: "file:///interop", name: "interop" }] }),
};
const named = {
  "sampling/createMessage": "CreateMessageRequestSchema",
  "elicitation/create": "ElicitRequestSchema",
  "roots/list": "ListRootsRequestSchema",
};
for (const [method, answer] of Object.entries(answers))
  client.setRequestHandler(kind === "sdk" ? sdk[named[method]] : method, answer);
const heard = { logs: [], updates: [] };
const hear = (method, schema, list) =>
  client.setNotificationHandler(kind === "sdk" ? sdk[schema] : method, (note) => void list.push(note.params));
hear("notifications/message", "LoggingMessageNotificationSchema", heard.logs);
hear("notifications/resources/updated", "ResourceUpdatedNotificationSchema", heard.updates);

const transport = {
  stdio: () => new sdk.StdioClientTransport({ command: target[0], args: target.slice(1), stderr: "ignore" }),
  http: () => new sdk.StreamableHTTPClientTransport(new URL(target[0])),
  ws: () => new sdk.WebSocketClientTransport(new URL(target[0])),
}[face]();

function call(name, args = {}, options = {}, more = {}) {
  const params = { name, arguments: args, ...more };
  return kind === "sdk" ? client.callTool(params, undefined, options) : client.callTool(params, options);
}
const words = async (answer) => (await answer).content.map((part) => part.text).join("");

function must(good, found) {
  if (!good) throw new Error(`found ${JSON.stringify(found)}`);
}

async function until(what, check) {
  const end = Date.now() + 10_000;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (Date.now() > end) throw new Error(`not within 10 s: ${what}`);
    await new Promise((resume) => setTimeout(resume, 25));
  }
}

const watched = async ({ name }) =>
  (await client.listResources()).resources.find(({ uri }) => uri.includes(`${name}/watched`))?.uri;

const cells = {
  async list({ name, prefix }) {
    const tools = (await client.listTools()).tools.map((tool) => tool.name);
    must(tools.includes(`${prefix}echo`), tools);
    const prompts = (await client.listPrompts()).prompts.map((prompt) => prompt.name);
    must(prompts.includes(`${prefix}test_prompt_with_arguments`), prompts);
    must(await watched({ name }), "no watched resource");
  },
  async call({ prefix }) {
    const told = await words(call(`${prefix}echo`, { message: "grüß" }));
    must(told === "Echo: grüß", told);
  },
  async progress({ prefix }) {
    const seen = [];
    await call(`${prefix}test_tool_with_progress`, {}, { onprogress: ({ progress }) => seen.push(progress) });
    must(seen.join() === "0,50,100", seen);
  },
  async cancel({ prefix }) {
    const before = Number(await words(call(`${prefix}test_cancelled`)));
    const stop = new AbortController();
    const outcome = await call(`${prefix}test_wait`, {}, { signal: stop.signal, onprogress: () => stop.abort("enough") }).then(
      (result) => result,
      () => "rejected",
    );
    must(outcome === "rejected", outcome);
    await until("the server to be told", async () => Number(await words(call(`${prefix}test_cancelled`))) > before);
  },
  async sampling({ prefix }) {
    const told = await words(call(`${prefix}test_sampling`, { prompt: "Say it" }));
    must(told === "LLM response: The model", told);
  },
  async elicitation({ prefix }) {
    const told = await words(call(`${prefix}test_elicitation`, { message: "Well?" }));
    must(/^User response: action=accept, content=\{"response": ?"yes"\}$/.test(told), told);
  },
  async roots({ prefix }) {
    const told = await words(call(`${prefix}test_roots`));
    must(told === "Roots: file:///interop", told);
  },
  async logging({ prefix }) {
    heard.logs.length = 0;
    if (!modern) await client.setLoggingLevel("info");
    await call(`${prefix}test_logging_tool`, {}, {}, modern ? { _meta: { [sdk.LOG_LEVEL_META_KEY]: "info" } } : {});
    await until("the log messages", () => heard.logs.length >= 2);
    const told = heard.logs.map((log) => log.data).join();
    must(told === "At info,At error", told);
  },
  async subscription(server) {
    const uri = await watched(server);
    heard.updates.length = 0;
    const listening = modern ? await client.listen({ resourceSubscriptions: [uri] }) : await client.subscribeResource({ uri });
    await call(`${server.prefix}test_touch_watched`);
    await until(`an update of ${uri}`, () => heard.updates.some((update) => update.uri === uri));
    await call(`${server.prefix}echo`, { message: "after a second one, were there any" });
    must(heard.updates.length === 1, heard.updates);
    await (modern ? listening.close() : client.unsubscribeResource({ uri }));
  },
  async completion({ prefix }) {
    const ref = { type: "ref/prompt", name: `${prefix}test_prompt_with_arguments` };
    const { completion } = await client.complete({ ref, argument: { name: "arg1", value: "test" } });
    must(completion.values.join() === "testing,test-two", completion);
  },
  // Raw requests: the SDKs wrap tasks differently, and one of them not at all.
  async task({ prefix }) {
    const any = z.looseObject({});
    const ask = (method, params) => client.request({ method, params }, any);
    const { task } = await ask("tools/call", { name: `${prefix}test_task`, arguments: {}, task: { ttl: 60_000 } });
    must(task?.status, task);
    await until("the task to be done", async () => (await ask("tasks/get", { taskId: task.taskId })).status === "completed");
    const told = await words(ask("tasks/result", { taskId: task.taskId }));
    must(told === "The task is done", told);
  },
};

await client.connect(transport);
await until("every server", async () => {
  const tools = (await client.listTools()).tools.map((tool) => tool.name);
  return servers.every(({ prefix }) => tools.includes(`${prefix}echo`));
}).catch(() => undefined); // the cells of those that did not come will tell
for (const server of servers) {
  for (const cell of server.cells) {
    let limit;
    const late = new Promise((_, reject) => (limit = setTimeout(() => reject(new Error("not within 15 s")), 15_000)));
    const [ok, detail] = await Promise.race([cells[cell](server), late]).then(
      () => [true, ""],
      (fault) => [false, String(fault?.stack ?? fault).slice(0, 800)],
    );
    clearTimeout(limit);
    console.log(JSON.stringify({ server: server.name, cell, ok, detail }));
  }
}
await client.close();
process.exit(0);
