// Resources of the reference server: fixed, by template, and one that can be subscribed to.
import { PICTURE } from "./schema.mjs";
import { load } from "./packages.mjs";

const { ResourceTemplate } = await load("@modelcontextprotocol/server");

export const WATCHED = process.env.REFERENCE_WATCHED ?? "test://watched-resource";

export function registerResources(mcp, era) {
  const fixed = (name, uri, mimeType, content) =>
    mcp.registerResource(name, uri, { title: name, description: `The resource ${name}`, mimeType }, () => ({
      contents: [{ uri, mimeType, ...content }],
    }));
  fixed("static-text", "test://static-text", "text/plain", { text: "This is the content of the static text resource." });
  fixed("static-binary", "test://static-binary", "image/png", { blob: PICTURE });
  fixed("watched-resource", WATCHED, "text/plain", { text: "Watched resource content" });
  mcp.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { title: "template", description: "A resource by id", mimeType: "application/json" },
    (uri, { id }) => ({
      contents: [
        {
          uri: uri.href,
          mimeType: "application/json",
          text: JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` }),
        },
      ],
    }),
  );
  if (era === "legacy") {
    mcp.server.setRequestHandler("resources/subscribe", () => ({}));
    mcp.server.setRequestHandler("resources/unsubscribe", () => ({}));
  }
}
