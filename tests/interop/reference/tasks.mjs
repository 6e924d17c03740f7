// The tasks extension of 2026-07-28 (SEP-2663) on top of an SDK that has none: tools run as tasks where the request declared
// the extension, at once where it did not. `outcome` puts on the wire what the SDK's own results have no room for.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { nothing, said, strings, wire } from "./schema.mjs";
import { load } from "./packages.mjs";

const { CLIENT_CAPABILITIES_META_KEY, ProtocolError, inputRequired } = await load("@modelcontextprotocol/server");
const { z } = await load("zod");

export const EXTENSION = "io.modelcontextprotocol/tasks";
const OUTCOME = "reference/outcome";
const tasks = new Map();

const negotiated = ({ mcpReq }) => mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY]?.extensions?.[EXTENSION] !== undefined;
const missing = {
  code: -32021,
  message: "Needs the tasks extension",
  data: { requiredCapabilities: { extensions: { [EXTENSION]: {} } } },
};
const instead = (outcome) => ({ content: [], _meta: { [OUTCOME]: outcome } });
const question = (message) =>
  inputRequired.elicit({
    mode: "form",
    message,
    requestedSchema: { type: "object", properties: { answer: { type: "string" } } },
  });

// {status, body} for what the SDK answered: a task or an error in place of the result that stands for it.
export function outcome(status, body) {
  const wanted = body?.result?._meta?.[OUTCOME];
  if (!wanted) return { status, body };
  const { jsonrpc, id, result } = body;
  if (wanted.error) return { status: 400, body: { jsonrpc, id, error: wanted.error } };
  const { [OUTCOME]: _, ...meta } = result._meta;
  return { status, body: { jsonrpc, id, result: { ...wanted.result, _meta: meta } } };
}

class Task {
  constructor(run) {
    const now = new Date().toISOString();
    this.told = {
      taskId: randomUUID(),
      status: "working",
      createdAt: now,
      lastUpdatedAt: now,
      ttlMs: 60_000,
      pollIntervalMs: 100,
    };
    this.stop = new AbortController();
    tasks.set(this.told.taskId, this);
    run(this).then(
      (result) => this.become("completed", { result: { resultType: "complete", ...result } }),
      (fault) => this.become("failed", { error: { code: -32603, message: fault.message } }),
    );
  }

  become(status, more = {}) {
    if (["completed", "failed", "cancelled"].includes(this.told.status)) return;
    const { inputRequests, ...rest } = this.told;
    this.told = { ...rest, status, lastUpdatedAt: new Date().toISOString(), ...more };
  }

  // What the client answers to all of `inputRequests`, in however many updates.
  ask(inputRequests) {
    this.become("input_required", { inputRequests });
    this.answers = {};
    return new Promise((resume) => (this.resume = resume));
  }

  update(responses) {
    const open = Object.entries(this.told.inputRequests ?? {}).filter(([key]) => !(key in responses));
    Object.assign((this.answers ??= {}), responses);
    if (this.told.status !== "input_required") return;
    if (open.length > 0) this.become("input_required", { inputRequests: Object.fromEntries(open) });
    else {
      this.become("working");
      this.resume(this.answers);
    }
  }

  cancel() {
    this.become("cancelled");
    this.stop.abort();
  }
}

export function registerTasks(mcp, era) {
  const asTask = (run) => (given, context) =>
    negotiated(context) ? instead({ result: { resultType: "task", ...new Task((task) => run(given, task)).told } }) : undefined;
  // Without the extension a tool runs at once, or not at all when it is `required`.
  const tool = (name, run, { inputSchema = nothing, required = false } = {}) =>
    mcp.registerTool(name, { description: `The task ${name}`, inputSchema }, async (given, context) => {
      const made = asTask(run)(given, context);
      if (made) return made;
      if (required && era === "modern") return instead({ error: missing });
      return run(given, { stop: new AbortController(), ask: async () => ({}) });
    });

  mcp.registerTool("greet", { description: "Never a task", inputSchema: strings({ name: "Who" }) }, ({ name }) =>
    said(`Hello, ${name}!`),
  );
  const seconds = wire({ type: "object", properties: { seconds: { type: "number" } } });
  const compute = async ({ seconds: time = 1 }, { stop }) => {
    await sleep(time * 1000, undefined, { signal: stop.signal }).catch(() => undefined);
    return said(`Computed for ${time} s`);
  };
  tool("slow_compute", compute, { inputSchema: seconds });
  tool("test_task", () => sleep(100, said("The task is done")));
  tool("failing_job", () => sleep(1000, { ...said("The job failed"), isError: true }), { required: true });
  tool("protocol_error_job", async () => {
    await sleep(50);
    throw new Error("The job broke");
  });
  tool("confirm_delete", async (_, task) => said(JSON.stringify(await task.ask({ confirm: question("Delete it?") }))));
  tool("multi_input", async (_, task) =>
    said(JSON.stringify(await task.ask({ first: question("First?"), second: question("Second?") }))),
  );
  mcp.registerTool(
    "test_tool_with_task",
    { description: "Asks, then becomes a task", inputSchema: nothing },
    (given, context) => {
      const answer = context.mcpReq.inputResponses?.user_name;
      if (!answer) {
        const requestedSchema = { type: "object", properties: { name: { type: "string" } }, required: ["name"] };
        return inputRequired({
          inputRequests: { user_name: inputRequired.elicit({ mode: "form", message: "What is your name?", requestedSchema }) },
        });
      }
      const greet = async () => said(`Hello, ${answer.content?.name}!`);
      return asTask(greet)(given, context) ?? (era === "modern" ? instead({ error: missing }) : greet());
    },
  );
  if (era === "modern") serveTasks(mcp);
}

function serveTasks(mcp) {
  const params = z.looseObject({ taskId: z.string() });
  const method = (name, answer) =>
    mcp.server.setRequestHandler(`tasks/${name}`, { params, result: z.looseObject({}) }, (given, context) => {
      if (!negotiated(context)) throw new ProtocolError(missing.code, missing.message, missing.data);
      const task = tasks.get(given.taskId);
      if (!task) throw new ProtocolError(-32602, `Unknown task: ${given.taskId}`);
      return { resultType: "complete", ...answer(task, context) };
    });
  method("get", (task) => task.told);
  method("update", (task, { mcpReq }) => void task.update(mcpReq.inputResponses ?? {}));
  method("cancel", (task) => void task.cancel());
}
