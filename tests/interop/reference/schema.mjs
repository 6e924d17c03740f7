// Shorthands for input schemas, which go to the client as they are written here.
import { load } from "./packages.mjs";

const { fromJsonSchema } = await load("@modelcontextprotocol/server");

export const wire = (schema) => fromJsonSchema(schema);
export const nothing = wire({ type: "object", properties: {} });
export const strings = (names) =>
  wire({
    type: "object",
    properties: Object.fromEntries(Object.entries(names).map(([name, description]) => [name, { type: "string", description }])),
    required: Object.keys(names),
  });

export const text = (words) => ({ type: "text", text: words });
export const said = (words) => ({ content: [text(words)] });

export const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
export const SOUND = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";
