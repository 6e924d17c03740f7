"""The matrix's server on the Python SDK 2.x.

Usage: python server_python.py NAME stdio|PORT legacy|modern
`modern` speaks both eras, as this SDK does by itself, so a gateway uses the newer; `legacy` is for stdio.
"""

import json
import sys
import warnings

import anyio
import mcp_types as types
import uvicorn
from mcp.server import Server
from mcp.server.runner import serve_loop
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler
from mcp.shared.exceptions import MCPError
from mcp.shared.subscriptions import ResourceUpdated
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

warnings.simplefilter("ignore")  # what 2026-07-28 deprecates is part of what is tried
NAME, WHERE, ERA = sys.argv[1:]
WATCHED = f"test://{NAME}/watched"
PLAIN = {"type": "object", "properties": {}}


def _strings(*names):
    return {"type": "object", "properties": {name: {"type": "string"} for name in names}, "required": list(names)}


TOOLS = {
    "echo": _strings("message"),
    "test_tool_with_progress": PLAIN,
    "test_wait": PLAIN,
    "test_cancelled": PLAIN,
    "test_sampling": _strings("prompt"),
    "test_elicitation": _strings("message"),
    "test_roots": PLAIN,
    "test_logging_tool": PLAIN,
    "test_touch_watched": PLAIN,
}
FORM = {"type": "object", "properties": {"response": {"type": "string"}}, "required": ["response"]}
bus = InMemorySubscriptionBus()
cancelled = 0


def said(words):
    return types.CallToolResult(content=[types.TextContent(text=words)])


async def list_tools(_context, _params):
    return types.ListToolsResult(
        tools=[types.Tool(name=name, description=f"The tool {name}", input_schema=schema) for name, schema in TOOLS.items()]
    )


async def call_tool(context, params):
    run = globals().get(f"tool_{params.name.removeprefix('test_')}")
    if run is None:
        raise MCPError(types.INVALID_PARAMS, f"Unknown tool: {params.name}")
    return await run(context, params, **(params.arguments or {}))


async def tool_echo(_context, _params, message):
    return said(f"Echo: {message}")


async def tool_tool_with_progress(context, _params):
    for step in (0, 50, 100):
        await context.session.report_progress(step, 100, f"Completed step {step} of 100")
        await anyio.sleep(0.05)
    return said("done")


async def tool_wait(context, _params):
    global cancelled
    await context.session.report_progress(1, None, "waiting")
    try:
        await anyio.sleep(30)
    except anyio.get_cancelled_exc_class():
        cancelled += 1
        raise
    return said("Waited")


async def tool_cancelled(_context, _params):
    return said(str(cancelled))


async def ask(context, params, key, request):
    """What the client answers to `request`: in this round, in an earlier one, or None with the result that asks for it."""
    if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
        answer = (params.input_responses or {}).get(key)
        return answer, None if answer else types.InputRequiredResult(input_requests={key: request}, request_state=f"asked {key}")
    kinds = {
        "sampling/createMessage": types.CreateMessageResult,
        "elicitation/create": types.ElicitResult,
        "roots/list": types.ListRootsResult,
    }
    return await context.session.send_request(request, kinds[request.method], metadata=_related(context)), None


def _related(context):
    from mcp.shared.message import ServerMessageMetadata

    return ServerMessageMetadata(related_request_id=context.request_id)


async def tool_sampling(context, params, prompt):
    message = types.SamplingMessage(role="user", content=types.TextContent(text=prompt))
    request = types.CreateMessageRequest(params=types.CreateMessageRequestParams(messages=[message], max_tokens=100))
    answer, needed = await ask(context, params, "completion", request)
    return needed or said(f"LLM response: {answer.content.text}")


async def tool_elicitation(context, params, message):
    request = types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=FORM))
    answer, needed = await ask(context, params, "response", request)
    return needed or said(f"User response: action={answer.action}, content={json.dumps(answer.content)}")


async def tool_roots(context, params):
    answer, needed = await ask(context, params, "roots", types.ListRootsRequest())
    return needed or said(f"Roots: {' '.join(str(root.uri) for root in answer.roots)}")


async def tool_logging_tool(context, _params):
    levels = ("debug", "info", "error")
    for level in levels[levels.index("info") if level_of(context) == "info" else 0 :]:
        await context.session.send_log_message(level, f"At {level}", "matrix", related_request_id=context.request_id)
    return said("Logged")


def level_of(context):
    """This SDK filters by itself in the modern era only."""
    return _levels.get(id(context.session._connection), "debug")


_levels = {}


async def set_level(context, params):
    _levels[id(context.session._connection)] = params.level
    return types.EmptyResult()


async def tool_touch_watched(context, _params):
    await bus.publish(ResourceUpdated(uri=WATCHED))
    for session in list(_subscribers):
        await session.send_resource_updated(WATCHED)
    return said("Announced")


_subscribers = []


async def subscribe(context, params):
    _subscribers.append(context.session)
    return types.EmptyResult()


async def unsubscribe(context, params):
    _subscribers[:] = [session for session in _subscribers if session._connection is not context.session._connection]
    return types.EmptyResult()


async def list_resources(_context, _params):
    return types.ListResourcesResult(resources=[types.Resource(uri=WATCHED, name="watched")])


async def read_resource(_context, params):
    if params.uri != WATCHED:
        raise MCPError(types.INVALID_PARAMS, "Resource not found", {"uri": params.uri})
    return types.ReadResourceResult(contents=[types.TextResourceContents(uri=WATCHED, text="Watched")])


async def list_prompts(_context, _params):
    arguments = [types.PromptArgument(name=name, required=True) for name in ("arg1", "arg2")]
    return types.ListPromptsResult(prompts=[types.Prompt(name="test_prompt_with_arguments", arguments=arguments)])


async def get_prompt(_context, params):
    return types.GetPromptResult(
        messages=[types.PromptMessage(role="user", content=types.TextContent(text=json.dumps(params.arguments)))]
    )


async def complete(_context, params):
    values = [value for value in ("testing", "test-two", "other") if value.startswith(params.argument.value)]
    return types.CompleteResult(completion=types.Completion(values=values, total=len(values), has_more=False))


async def main():
    server = Server(
        NAME,
        version="1.0.0",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
        on_subscribe_resource=subscribe,
        on_unsubscribe_resource=unsubscribe,
        on_subscriptions_listen=ListenHandler(bus) if ERA == "modern" else None,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_completion=complete,
        on_set_logging_level=set_level,
    )
    if WHERE == "stdio":
        async with stdio_server() as (reader, writer):
            if ERA == "legacy":  # the handshake only; `run` would decide the era by the first request
                await serve_loop(server, reader, writer, lifespan_state={})
            else:
                await server.run(reader, writer, server.create_initialization_options())
    else:
        app = server.streamable_http_app()
        await uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=int(WHERE), log_level="warning")).serve()


anyio.run(main)
