// The matrix's server on the TypeScript SDK 1.x, which knows the initialize era only, its tasks included.
// Usage: INTEROP_PACKAGES=DIR node server_sdk1.mjs NAME    (stdio)
import { setTimeout as sleep } from "node:timers/promises";

import { load } from "../reference/packages.mjs";

const [name] = process.argv.slice(2);
const at = "@modelcontextprotocol/sdk";
const { McpServer } = await load(`${at}/server/mcp.js`);
const { StdioServerTransport } = await load(`${at}/server/stdio.js`);
const types = await load(`${at}/types.js`);
const { completable } = await load(`${at}/server/completable.js`);
const { InMemoryTaskStore } = await load(`${at}/experimental/tasks/stores/in-memory.js`);
const { z } = await load("zod");

const WATCHED = `test://${name}/watched`;
const said = (words) => ({ content: [{ type: "text", text: words }] });
const tasks = { list: {}, cancel: {}, requests: { tools: { call: {} } } };
const mcp = new McpServer(
  { name, version: "1.0.0" },
  { capabilities: { logging: {}, resources: { subscribe: true }, tasks }, taskStore: new InMemoryTaskStore() },
);
const tool = (title, inputSchema, run) => mcp.registerTool(title, { description: `The tool ${title}`, inputSchema }, run);
let cancelled = 0;

tool("echo", { message: z.string() }, ({ message }) => said(`Echo: ${message}`));
tool("test_tool_with_progress", {}, async (_, extra) => {
  for (const progress of [0, 50, 100]) {
    await tell(extra, { progress, total: 100, message: `Completed step ${progress} of 100` });
    await sleep(50);
  }
  return said("done");
});
tool("test_wait", {}, async (_, extra) => {
  await tell(extra, { progress: 1, message: "waiting" });
  await sleep(30_000, undefined, { signal: extra.signal }).catch(() => (cancelled += 1));
  return said("Waited");
});
tool("test_cancelled", {}, () => said(String(cancelled)));
tool("test_sampling", { prompt: z.string() }, async ({ prompt }, { sendRequest }) => {
  const params = { messages: [{ role: "user", content: { type: "text", text: prompt } }], maxTokens: 100 };
  const answer = await sendRequest({ method: "sampling/createMessage", params }, types.CreateMessageResultSchema);
  return said(`LLM response: ${answer.content.text}`);
});
tool("test_elicitation", { message: z.string() }, async ({ message }, { sendRequest }) => {
  const requestedSchema = { type: "object", properties: { response: { type: "string" } }, required: ["response"] };
  const answer = await sendRequest(
    { method: "elicitation/create", params: { message, requestedSchema } },
    types.ElicitResultSchema,
  );
  return said(`User response: action=${answer.action}, content=${JSON.stringify(answer.content)}`);
});
tool("test_roots", {}, async (_, { sendRequest }) => {
  const answer = await sendRequest({ method: "roots/list" }, types.ListRootsResultSchema);
  return said(`Roots: ${answer.roots.map((root) => root.uri).join(" ")}`);
});
tool("test_logging_tool", {}, async () => {
  for (const level of ["debug", "info", "error"]) await mcp.sendLoggingMessage({ level, logger: "matrix", data: `At ${level}` });
  return said("Logged");
});
tool("test_touch_watched", {}, async () => {
  if (subscribed) await mcp.server.sendResourceUpdated({ uri: WATCHED });
  return said("Announced");
});
mcp.experimental.tasks.registerToolTask(
  "test_task",
  { description: "Runs as a task", inputSchema: {}, execution: { taskSupport: "optional" } },
  {
    async createTask(_, { taskStore }) {
      const task = await taskStore.createTask({ ttl: 60_000, pollInterval: 50 });
      sleep(100).then(() => taskStore.storeTaskResult(task.taskId, "completed", said("The task is done")));
      return { task };
    },
    getTask: (_, { taskId, taskStore }) => taskStore.getTask(taskId),
    getTaskResult: (_, { taskId, taskStore }) => taskStore.getTaskResult(taskId),
  },
);

let subscribed = false;
mcp.registerResource("watched", WATCHED, {}, () => ({ contents: [{ uri: WATCHED, text: "Watched" }] }));
mcp.server.setRequestHandler(types.SubscribeRequestSchema, () => ((subscribed = true), {}));
mcp.server.setRequestHandler(types.UnsubscribeRequestSchema, () => ((subscribed = false), {}));
const complete = (value) => ["testing", "test-two", "other"].filter((other) => other.startsWith(value));
mcp.registerPrompt(
  "test_prompt_with_arguments",
  { argsSchema: { arg1: completable(z.string(), complete), arg2: z.string() } },
  (given) => ({
    messages: [{ role: "user", content: { type: "text", text: JSON.stringify(given) } }],
  }),
);

function tell({ _meta, sendNotification }, step) {
  const progressToken = _meta?.progressToken;
  return (
    progressToken !== undefined && sendNotification({ method: "notifications/progress", params: { progressToken, ...step } })
  );
}

await mcp.connect(new StdioServerTransport());
