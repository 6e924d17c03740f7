// Tools and a prompt that need something from the client. They return what they need; to a client of 2025 the SDK turns
// that into requests of its own and comes back with the answers, so each is written once for both eras.
import { nothing, said, strings, text, wire } from "./schema.mjs";
import { load } from "./packages.mjs";

const { CLIENT_CAPABILITIES_META_KEY, inputRequired } = await load("@modelcontextprotocol/server");

const ask = (message, properties, required = Object.keys(properties)) =>
  inputRequired.elicit({ mode: "form", message, requestedSchema: { type: "object", properties, required } });
const askName = (message = "What is your name?") => ask(message, { name: { type: "string" } });
const askModel = (words, maxTokens = 100) =>
  inputRequired.createMessage({ messages: [{ role: "user", content: text(words) }], maxTokens });
const askRoots = () => inputRequired.listRoots();

const DEFAULTS = {
  name: { type: "string", description: "User name", default: "John Doe" },
  age: { type: "integer", description: "User age", default: 30 },
  score: { type: "number", description: "User score", default: 95.5 },
  status: { type: "string", description: "User status", enum: ["active", "inactive", "pending"], default: "active" },
  verified: { type: "boolean", description: "Verification status", default: true },
};
const choices = (...titles) => titles.map((title, at) => ({ const: `value${at + 1}`, title }));
const OPTIONS = ["option1", "option2", "option3"];
const ENUMS = {
  untitledSingle: { type: "string", description: "One", enum: OPTIONS },
  titledSingle: { type: "string", description: "One, titled", oneOf: choices("First Option", "Second Option", "Third Option") },
  legacyEnum: {
    type: "string",
    description: "One, old form",
    enum: ["opt1", "opt2", "opt3"],
    enumNames: ["Option One", "Option Two", "Option Three"],
  },
  untitledMulti: { type: "array", description: "Some", minItems: 1, maxItems: 3, items: { type: "string", enum: OPTIONS } },
  titledMulti: {
    type: "array",
    description: "Some, titled",
    minItems: 1,
    maxItems: 3,
    items: { anyOf: choices("First Choice", "Second Choice", "Third Choice") },
  },
};

// What came back for `key` if it is what was asked for; undefined asks again.
const accepted = ({ mcpReq }, key) => mcpReq.inputResponses?.[key];
const elicited = (answer) => `action=${answer.action}, content=${JSON.stringify(answer.content ?? {})}`;
const filled = (answer, field) => (answer?.action === "accept" ? answer.content?.[field] : answer && answer.action);

export function registerRounds(mcp, state) {
  const tool = (name, description, run, inputSchema = nothing) => mcp.registerTool(name, { description, inputSchema }, run);
  // Asks for one thing under one key and tells what came back.
  const single = (name, key, request, tell, inputSchema) =>
    tool(
      name,
      `Asks the client once (${key})`,
      (given, context) => {
        const answer = accepted(context, key);
        const told = answer && tell(answer);
        return told === undefined ? inputRequired({ inputRequests: { [key]: request(given) } }) : said(told);
      },
      inputSchema,
    );

  single(
    "test_sampling",
    "completion",
    ({ prompt }) => askModel(prompt),
    modelSaid("LLM response: "),
    strings({ prompt: "For the model" }),
  );
  single(
    "test_elicitation",
    "response",
    ({ message }) => ask(message, { response: { type: "string", description: "User's response" } }),
    (answer) => `User response: ${elicited(answer)}`,
    strings({ message: "For the user" }),
  );
  const form = (properties) => () => ask("Please fill in the form", properties, []);
  single("test_elicitation_sep1034_defaults", "form", form(DEFAULTS), (answer) => `Elicitation completed: ${elicited(answer)}`);
  single("test_elicitation_sep1330_enums", "form", form(ENUMS), (answer) => `Elicitation completed: ${elicited(answer)}`);
  single(
    "test_elicitation_url",
    "visit",
    () => inputRequired.elicitUrl({ message: "Please sign in", url: "https://example.com/in" }),
    (answer) => `Visited: ${answer.action}`,
  );
  single("test_roots", "roots", askRoots, (answer) => answer.roots && `Roots: ${answer.roots.map((root) => root.uri).join(" ")}`);
  single("test_missing_capability", "question", () => askModel("Needs sampling"), modelSaid(""));

  single(
    "test_input_required_result_elicitation",
    "user_name",
    () => askName(),
    (answer) => hello(answer),
  );
  single(
    "test_input_required_result_sampling",
    "capital_question",
    () => askModel("What is the capital of France?"),
    modelSaid(""),
  );
  single(
    "test_input_required_result_list_roots",
    "client_roots",
    askRoots,
    (answer) => answer.roots && `Roots: ${answer.roots.map((root) => root.uri).join(" ")}`,
  );

  tool("test_streaming_elicitation", "Tells its progress, then asks", async (_, context) => {
    const progressToken = context.mcpReq._meta?.progressToken ?? 0;
    await context.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress: 1, total: 2 } });
    const answer = accepted(context, "user_name");
    return answer ? said(hello(answer) ?? "Nobody") : inputRequired({ inputRequests: { user_name: askName() } });
  });
  for (const name of ["test_input_required_result_request_state", "test_input_required_result_tampered_state"]) {
    tool(name, "Asks with a state that must come back", async (_, context) => {
      if (context.mcpReq.requestState()?.stage === "confirm" && accepted(context, "confirm")) return said("state-ok");
      return inputRequired({
        inputRequests: { confirm: ask("Please confirm", { ok: { type: "boolean" } }) },
        requestState: await state.mint({ stage: "confirm" }, context),
      });
    });
  }
  tool("test_input_required_result_multiple_inputs", "Asks for three things at once", async (_, context) => {
    const wanted = { user_name: askName(), greeting: askModel("Generate a greeting", 50), client_roots: askRoots() };
    if (Object.keys(wanted).every((key) => accepted(context, key))) return said("All three are here");
    return inputRequired({ inputRequests: wanted, requestState: await state.mint({ stage: "all" }, context) });
  });
  tool("test_input_required_result_multi_round", "Asks twice", async (_, context) => {
    const before = context.mcpReq.requestState() ?? {};
    const name = before.name ?? filled(accepted(context, "step1"), "name");
    const color = before.name === undefined ? undefined : filled(accepted(context, "step2"), "color");
    if (color !== undefined) return said(`${name} likes ${color}`);
    const step =
      name === undefined
        ? { step1: askName("Step 1: What is your name?") }
        : { step2: ask("Step 2: What is your favorite color?", { color: { type: "string" } }) };
    return inputRequired({ inputRequests: step, requestState: await state.mint(name === undefined ? {} : { name }, context) });
  });
  tool("test_input_required_result_capabilities", "Asks only for what the client can give", (_, context) => {
    const declared = context.mcpReq.envelope?.[CLIENT_CAPABILITIES_META_KEY] ?? mcp.server.getClientCapabilities() ?? {};
    const able = { sampling: () => askModel("Anything"), elicitation: () => askName(), roots: askRoots };
    const inputRequests = Object.fromEntries(
      Object.entries(able)
        .filter(([kind]) => declared[kind] && !accepted(context, kind))
        .map(([kind, request]) => [kind, request()]),
    );
    return Object.keys(inputRequests).length > 0 ? inputRequired({ inputRequests }) : said("Nothing to ask");
  });

  mcp.registerPrompt("test_input_required_result_prompt", { description: "Asks for its context" }, (context) => {
    const words = filled(accepted(context, "user_context"), "context");
    if (words !== undefined) return { messages: [{ role: "user", content: text(`Context: ${words}`) }] };
    return inputRequired({
      inputRequests: { user_context: ask("What context should the prompt use?", { context: { type: "string" } }) },
    });
  });
}

function hello(answer) {
  const name = filled(answer, "name");
  return name === undefined ? undefined : `Hello, ${name}!`;
}

function modelSaid(before) {
  return (answer) =>
    answer.content &&
    before +
      [answer.content]
        .flat()
        .map((part) => part.text)
        .join("");
}
