// Prompts of the reference server, and completion of their arguments.
import { PICTURE, nothing, strings, text } from "./schema.mjs";

const user = (...contents) => ({ messages: contents.map((content) => ({ role: "user", content })) });

export function registerPrompts(mcp) {
  mcp.registerPrompt("test_simple_prompt", { description: "No arguments" }, () =>
    user(text("This is a simple prompt for testing.")),
  );
  mcp.registerPrompt(
    "test_prompt_with_arguments",
    { description: "Two arguments", argsSchema: strings({ arg1: "First", arg2: "Second" }) },
    ({ arg1, arg2 }) => user(text(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)),
  );
  mcp.registerPrompt(
    "test_prompt_with_embedded_resource",
    { description: "An embedded resource", argsSchema: strings({ resourceUri: "URI of the resource" }) },
    ({ resourceUri }) =>
      user(
        {
          type: "resource",
          resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." },
        },
        text("Please process the embedded resource above."),
      ),
  );
  mcp.registerPrompt("test_prompt_with_image", { description: "An image" }, () =>
    user({ type: "image", data: PICTURE, mimeType: "image/png" }, text("Please analyze the image above.")),
  );
  mcp.server.setRequestHandler("completion/complete", ({ params: { argument } }) => {
    const values = ["testing", "test-two", "other"].filter((value) => value.startsWith(argument.value));
    return { completion: { values, total: values.length, hasMore: false } };
  });
}
