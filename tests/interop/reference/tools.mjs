// Tools of the reference server that answer by themselves: content of every kind, progress, log messages, faults, changes.
import { setTimeout as sleep } from "node:timers/promises";

import { WATCHED } from "./resources.mjs";
import { PICTURE, SOUND, nothing, said, strings, text, wire } from "./schema.mjs";

const VOCABULARY = {
  $schema: "https://json-schema.org/draft/2020-12/schema",
  type: "object",
  $defs: {
    address: { $anchor: "addressDef", type: "object", properties: { street: { type: "string" }, city: { type: "string" } } },
  },
  properties: {
    name: { type: "string" },
    address: { $ref: "#/$defs/address" },
    contactMethod: { type: "string", enum: ["phone", "email"] },
    phone: { type: "string" },
    email: { type: "string" },
  },
  allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
  if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
  then: { required: ["phone"] },
  else: { required: ["email"] },
  additionalProperties: false,
};

export function registerTools(mcp, { change, updated }) {
  const tool = (name, description, run, inputSchema = nothing, more = {}) =>
    mcp.registerTool(name, { description, inputSchema, ...more }, run);
  const content = (name, ...parts) => tool(name, `Returns ${name}`, () => ({ content: parts }));
  const resource = (uri, mimeType, words) => ({ type: "resource", resource: { uri, mimeType, text: words } });

  content("test_simple_text", text("This is a simple text response for testing."));
  content("test_image_content", { type: "image", data: PICTURE, mimeType: "image/png" });
  content("test_audio_content", { type: "audio", data: SOUND, mimeType: "audio/wav" });
  content("test_embedded_resource", resource("test://embedded-resource", "text/plain", "This is an embedded resource content."));
  content(
    "test_multiple_content_types",
    text("Multiple content types test:"),
    { type: "image", data: PICTURE, mimeType: "image/png" },
    resource("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
  );
  tool("test_error_handling", "Fails", () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  tool("echo", "Returns its message", ({ message }) => said(`Echo: ${message}`), strings({ message: "Any text" }));
  tool(
    "json_schema_2020_12_tool",
    "Tool with JSON Schema 2020-12 features",
    (given) => said(JSON.stringify(given)),
    wire(VOCABULARY),
  );
  tool(
    "test_custom_header",
    "Has a parameter that is also a header",
    ({ region }) => said(`Region: ${region}`),
    wire({ type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } }, required: ["region"] }),
  );

  tool("test_tool_with_logging", "Sends three log messages", async (_, { mcpReq }) => {
    for (const step of ["started", "processing data", "completed"]) {
      await mcpReq.log("info", `Tool execution ${step}`);
      await sleep(50);
    }
    return said("Tool with logging executed successfully");
  });
  tool("test_logging_tool", "Sends log messages", async (_, { mcpReq }) => {
    for (const level of ["debug", "info", "error"]) await mcpReq.log(level, `At ${level}`, "reference");
    return said("Logged");
  });
  tool("test_tool_with_progress", "Tells its progress three times", async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      const params = { progressToken, progress, total: 100, message: `Completed step ${progress} of 100` };
      if (progressToken !== undefined) await mcpReq.notify({ method: "notifications/progress", params });
      await sleep(50);
    }
    return said(String(progressToken));
  });
  tool("test_wait", "Waits until it is cancelled, 30 s at most", async (_, { mcpReq }) => {
    const progressToken = mcpReq._meta?.progressToken;
    if (progressToken !== undefined) {
      await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1, message: "waiting" } });
    }
    try {
      await sleep(30_000, undefined, { signal: mcpReq.signal });
    } catch {
      cancelled += 1;
    }
    return said("Waited");
  });
  tool("test_cancelled", "How many calls of test_wait were cancelled", () => said(String(cancelled)));
  tool("test_reconnection", "Closes the stream of its own call", async (_, { http }) => {
    http?.closeSSE?.();
    await sleep(100);
    return said("Reconnection test completed successfully.");
  });

  for (const kind of ["tool", "prompt", "resource"]) {
    tool(`test_trigger_${kind}_change`, `Shows or hides the last ${kind}`, () => {
      change(kind);
      return said("Changed");
    });
  }
  tool("test_touch_watched", `Announces an update of ${WATCHED}`, async () => {
    await updated(WATCHED);
    return said("Announced");
  });
}

let cancelled = 0;
