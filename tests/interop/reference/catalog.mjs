// What the reference server offers in either era: built anew for each connection, or for each request of the modern era.
import { registerPrompts } from "./prompts.mjs";
import { registerResources } from "./resources.mjs";
import { registerRounds } from "./rounds.mjs";
import { registerTools } from "./tools.mjs";
import { EXTENSION, registerTasks } from "./tasks.mjs";
import { load } from "./packages.mjs";
import { nothing, said } from "./schema.mjs";

const { McpServer, createRequestStateCodec } = await load("@modelcontextprotocol/server");

const { SkillsExtension, memorySkillFiles } = await load("@modelcontextprotocol/server/ext/skills");
const manifest = "---\nname: greeting\ndescription: How to greet\n---\n\n# Greeting\n\nSay hello.\n";
const skills = await SkillsExtension.load(
  memorySkillFiles({ "greeting/SKILL.md": manifest, "greeting/notes/more.md": "Say it twice.\n" }),
);

// One key for all processes: the rounds of one call may come to different ones.
const state = createRequestStateCodec({
  key: "the reference server keeps no secret at all",
  bind: (context) => context.mcpReq.method,
});

// Entries that come and go: shown at every other change, on all connections alike.
const shown = { tool: true, prompt: true, resource: true };
const lasting = new Set(); // {kind: entry} of each connection that lasts longer than one request

// `notify` announces changes to all that listen over modern HTTP, where an instance serves one request only.
export function build({ era }, notify) {
  const mcp = new McpServer(
    { name: "reference", version: "1.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
        ...(era === "modern" ? { extensions: { [EXTENSION]: {} } } : {}),
      },
      instructions: "Everything the conformance suite asks for.",
      requestState: { verify: state.verify },
      cacheHints: { "tools/list": { ttlMs: 1000, cacheScope: "public" } },
    },
  );
  const change = (kind) => {
    shown[kind] = !shown[kind];
    for (const entries of lasting) entries[kind].update({ enabled: shown[kind] });
    notify?.[`${kind}sChanged`]();
  };
  const updated = (uri) => (notify ? notify.resourceUpdated(uri) : mcp.server.sendResourceUpdated({ uri }));
  registerTools(mcp, { change, updated });
  registerRounds(mcp, state);
  registerResources(mcp, era);
  registerPrompts(mcp);
  registerTasks(mcp, era);
  skills.attach(mcp);
  const changing = {
    tool: mcp.registerTool("test_changing", { description: "Comes and goes", inputSchema: nothing }, () => said("Here")),
    prompt: mcp.registerPrompt("test_changing", { description: "Comes and goes" }, () => ({ messages: [] })),
    resource: mcp.registerResource("changing", "test://changing", {}, () => ({ contents: [] })),
  };
  for (const [kind, entry] of Object.entries(changing)) if (!shown[kind]) entry.disable();
  if (!notify) {
    lasting.add(changing);
    mcp.server.onclose = () => void lasting.delete(changing);
  }
  return mcp;
}
