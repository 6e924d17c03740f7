// What the reference server offers in either era: built anew for each connection, or for each request of the modern era.
import { registerPrompts } from "./prompts.mjs";
import { registerResources } from "./resources.mjs";
import { registerRounds } from "./rounds.mjs";
import { registerTools } from "./tools.mjs";
import { load } from "./packages.mjs";

const { McpServer, createRequestStateCodec } = await load("@modelcontextprotocol/server");

// One key for all processes: the rounds of one call may come to different ones.
const state = createRequestStateCodec({ key: "the reference server keeps no secret at all", bind: (context) => context.mcpReq.method });

// `changed` announces changes where that is not the connection's own business: to all that listen, over modern HTTP.
export function build({ era }, changed) {
  const mcp = new McpServer(
    { name: "reference", version: "1.0.0" },
    {
      capabilities: {
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        logging: {},
        completions: {},
      },
      instructions: "Everything the conformance suite asks for.",
      requestState: { verify: state.verify },
      cacheHints: { "tools/list": { ttlMs: 1000, cacheScope: "public" } },
    },
  );
  const announce = changed ?? {
    tools: () => mcp.sendToolListChanged(),
    prompts: () => mcp.sendPromptListChanged(),
    resources: () => mcp.sendResourceListChanged(),
    updated: (uri) => mcp.server.sendResourceUpdated({ uri }),
  };
  registerTools(mcp, announce);
  registerRounds(mcp, state);
  registerResources(mcp, era, announce);
  registerPrompts(mcp);
  return mcp;
}
