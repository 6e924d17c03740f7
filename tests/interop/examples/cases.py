"""What each type of example is put into, and where it must come out.

A case is a function of (table, bridge). It leaves out what the server's own era has no words for; where only the client's
era has none, everything that era has room for must still come through.
"""

import custody
from examples.corpus import differences, plain
from examples.rounds import rounds

ARGUMENTS = {"location": "New York"}
CALL = ("tools/call", {"name": "get_weather", "arguments": ARGUMENTS})
RESULTS = {
    "CallToolResult": CALL,
    "GetPromptResult": ("prompts/get", {"name": "code_review", "arguments": {"code": "x = 1"}}),
    "ReadResourceResult": ("resources/read", {"uri": "file:///project/src/main.rs"}),
    "CompleteResult": (
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": "code_review"}, "argument": {"name": "language", "value": "py"}},
    ),
}


def _answers(bridge, value):
    """The server gives `value` as its result, in the words of its own era."""
    result = value if bridge.server.era == "modern" else plain(value)
    bridge.server.answer = lambda message, talk: {"result": result}


def results(table, bridge):
    """A result arrives as it was said."""
    for kind, (method, params) in RESULTS.items():
        for label, value in bridge.corpus.results(kind):
            if bridge.corpus.valid(bridge.server.era, kind, value):
                bridge.judge(table, label, lambda: _result(bridge, kind, method, params, value))


def _result(bridge, kind, method, params, value):
    _answers(bridge, value)
    told = bridge.client.call(method, params)
    if told.result is None:
        return f"  {told}"
    lost = differences(plain(value), plain(told.result), bridge.corpus.spared(bridge.client.era, kind, value))
    envelope = "resultType" in told.result
    return lost or (
        ""
        if envelope == (bridge.client.era == "modern")
        else f"  resultType to a {bridge.client.era} client: {told.result}"[:500]
    )


def contents(table, bridge):
    """Single pieces, each inside the result that may hold it."""
    for kind in ("AudioContent", "EmbeddedResource", "ImageContent", "ResourceLink", "TextContent"):
        for label, part in bridge.corpus.of(kind):
            value = {"resultType": "complete", "content": [part]}
            bridge.judge(table, label, lambda: _result(bridge, "CallToolResult", *CALL, value))
    for kind in ("BlobResourceContents", "TextResourceContents"):
        for label, part in bridge.corpus.of(kind):
            value = {"resultType": "complete", "contents": [part], "ttlMs": 1, "cacheScope": "public"}
            bridge.judge(
                table,
                label,
                lambda: _result(bridge, "ReadResourceResult", "resources/read", {"uri": "file:///project/src/main.rs"}, value),
            )


def lists(table, bridge):
    """Every listed thing is on the merged list as its server described it."""
    for method, member, key, kind in (
        ("tools/list", "tools", "name", "Tool"),
        ("resources/list", "resources", "uri", "Resource"),
        ("resources/templates/list", "resourceTemplates", "uriTemplate", "ResourceTemplate"),
        ("prompts/list", "prompts", "name", "Prompt"),
    ):
        told = (bridge.client.call(method, {}).result or {}).get(member, [])
        found = {item[key]: item for item in told}
        for page in bridge.server.lists[method]:
            for item in page[member]:
                spared = bridge.corpus.spared(bridge.client.era, kind, item)
                bridge.judge(table, f"{method} {item[key]}", lambda: differences(item, found.get(item[key]), spared))


def requests(table, bridge):
    """A request reaches the server with everything but its envelope."""
    for kind, method in (
        ("CallToolRequest", "tools/call"),
        ("CompleteRequest", "completion/complete"),
        ("GetPromptRequest", "prompts/get"),
        ("ReadResourceRequest", "resources/read"),
    ):
        whole = [(label, value["params"], value["id"]) for label, value in bridge.corpus.of(kind)]
        parts = (
            [(label, value, None) for label, value in bridge.corpus.of(f"{kind}Params")]
            if f"{kind}Params" in bridge.corpus.types
            else []
        )
        for label, params, ident in whole + parts:
            bridge.judge(table, label, lambda: _request(bridge, method, params, ident))
    for kind, method in (
        ("ListToolsRequest", "tools/list"),
        ("ListResourcesRequest", "resources/list"),
        ("ListPromptsRequest", "prompts/list"),
        ("ListResourceTemplatesRequest", "resources/templates/list"),
        ("DiscoverRequest", "server/discover"),
    ):
        for label, value in bridge.corpus.of(kind):
            if method != "server/discover" or bridge.client.era == "modern":
                params = value["params"] if bridge.client.era == "modern" else plain(value["params"])
                params.pop("cursor", None)  # of another list
                bridge.judge(
                    table,
                    label,
                    lambda: "" if (told := bridge.client.call(method, params, ident=value["id"])).result else f"  {told}",
                )


def _request(bridge, method, params, ident):
    results_ = {
        "tools/call": {"content": []},
        "completion/complete": {"completion": {"values": []}},
        "prompts/get": {"messages": []},
        "resources/read": {"contents": []},
    }
    _answers(
        bridge,
        {"resultType": "complete", "ttlMs": 0, "cacheScope": "private", **results_[method]}
        if method == "resources/read"
        else {"resultType": "complete", **results_[method]},
    )
    bridge.server.heard.clear()
    token = params.get("_meta", {}).get("progressToken")
    sent = plain(params) | ({"_meta": {"progressToken": token}} if token else {})
    told = bridge.client.call(
        method, sent if bridge.client.era == "legacy" else {**plain(params), "_meta": params["_meta"]}, ident=ident
    )
    if told.result is None:
        return f"  {told}"
    (heard,) = [message["params"] for message in bridge.server.heard if message.get("method") == method]
    want = {key: value for key, value in plain(params).items() if key != "_meta"}
    return differences(want, heard, want.keys())


def errors(table, bridge):
    """A fault keeps its code, words and data."""
    for kind in ("InternalError", "InvalidParamsError", "MethodNotFoundError", "MissingRequiredClientCapabilityError"):
        for label, value in bridge.corpus.of(kind):
            error = value.get("error", value)
            own = kind == "MissingRequiredClientCapabilityError"
            if not (own and bridge.server.era == "legacy"):
                bridge.judge(table, label, lambda: _error(bridge, error, own and bridge.client.era == "legacy"))


def _error(bridge, error, translated):
    bridge.server.answer = lambda message, talk: {"error": error}
    told = bridge.client.call(*CALL)
    if told.error is None or translated:  # 2025 has no such code: any error says it
        return "" if told.error else f"  {told}"
    return differences(error, told.error, error.keys())


def notifications(table, bridge):
    """What a server tells during a call, and between calls."""
    for label, value in bridge.corpus.of("ProgressNotification") + [
        (label, {"method": "notifications/progress", "params": params})
        for label, params in bridge.corpus.of("ProgressNotificationParams")
    ]:
        bridge.judge(table, label, lambda: _progress(bridge, value))
    for label, value in bridge.corpus.of("LoggingMessageNotification") + [
        (label, {"method": "notifications/message", "params": params})
        for label, params in bridge.corpus.of("LoggingMessageNotificationParams")
    ]:
        bridge.judge(table, label, lambda: _logged(bridge, value))
    uri = bridge.corpus.of("ResourceUpdatedNotification")[0][1]["params"]["uri"]
    if bridge.client.era == "modern":
        (_, wanted), *_ = bridge.corpus.of("SubscriptionsListenRequest")
        everything = {"toolsListChanged": True, "promptsListChanged": True, "resourcesListChanged": True}
        bridge.client.listen({**wanted["params"]["notifications"], **everything, "resourceSubscriptions": [uri]})
    else:
        bridge.client.call("resources/subscribe", {"uri": uri})
    custody.poll("the gateway to listen", bridge.server.listeners, 10)  # a 2025 client knows no acknowledgement of its stream
    changes = [
        (label, {"jsonrpc": "2.0", "method": "notifications/resources/updated", "params": params})
        for label, params in bridge.corpus.of("ResourceUpdatedNotificationParams")
    ]
    for kind in (
        "ToolListChangedNotification",
        "PromptListChangedNotification",
        "ResourceListChangedNotification",
        "ResourceUpdatedNotification",
    ):
        changes += bridge.corpus.of(kind)
    for label, value in changes:
        bridge.judge(table, label, lambda: _pushed(bridge, value))


def _progress(bridge, value):
    def answer(message, talk):
        token = message["params"]["_meta"]["progressToken"]
        talk.notify({"jsonrpc": "2.0", "method": value["method"], "params": {**value["params"], "progressToken": token}})
        return {"result": {"resultType": "complete", "content": []} if bridge.server.era == "modern" else {"content": []}}

    bridge.server.answer = answer
    told = bridge.client.call(CALL[0], {**CALL[1], "_meta": {"progressToken": value["params"]["progressToken"]}})
    return differences(value["params"], told.notes[0]["params"] if told.notes else None, value["params"].keys())


def _logged(bridge, value):
    def answer(message, talk):
        talk.notify({"jsonrpc": "2.0", **value})
        return {"result": {"resultType": "complete", "content": []} if bridge.server.era == "modern" else {"content": []}}

    bridge.server.answer = answer
    modern = bridge.client.era == "modern"
    if not modern:
        bridge.client.call("logging/setLevel", {"level": "debug"})
    told = bridge.client.call(
        CALL[0], {**CALL[1], **({"_meta": {"io.modelcontextprotocol/logLevel": "debug"}} if modern else {})}
    )

    def found():
        return next((note for note in told.notes + bridge.client.heard if note["method"] == value["method"]), None)

    note = custody.poll("the log message", found, 5)
    return differences(value["params"], note["params"], value["params"].keys())


def _pushed(bridge, value):
    bridge.client.heard.clear()
    meta = {"_meta": {}} if bridge.server.era == "modern" else {}
    params = {**plain(value.get("params", {})), **meta}
    bridge.server.push({"jsonrpc": "2.0", "method": value["method"], **({"params": params} if params else {})})

    def found():
        return next((note for note in bridge.client.heard if note["method"] == value["method"]), None)

    if "list_changed" in value["method"]:
        # Clients are told when the merged list is another one: so it must be.
        return _changed_list(bridge, value["method"], found)
    note = custody.poll(value["method"], found, 5)
    bridge.client.call("tools/list", {})  # time for a second one, were there any
    told = [other for other in bridge.client.heard if other["method"] == value["method"]]
    if len(told) != 1:
        return f"  told {len(told)} times: {told}"
    return differences(plain(value["params"]), note["params"], plain(value["params"]).keys())


def _changed_list(bridge, method, found):
    kind = method.split("/")[1]
    pages = bridge.server.lists[f"{kind}/list"]
    item = {
        "tools": {"name": "new_one", "inputSchema": {"type": "object"}},
        "prompts": {"name": "new_one"},
        "resources": {"uri": "file:///new", "name": "new_one"},
    }[kind]
    pages[-1][kind].append(item)
    try:
        bridge.server.push({"jsonrpc": "2.0", "method": method, **({"params": {}} if bridge.server.era == "modern" else {})})
        return "" if custody.poll(method, found, 5) else "  never"
    finally:
        bridge.client.heard.clear()
        pages[-1][kind].remove(item)
        bridge.server.push({"jsonrpc": "2.0", "method": method, **({"params": {}} if bridge.server.era == "modern" else {})})
        custody.poll(f"{method} once more", found, 5)


CASES = (results, contents, lists, requests, errors, notifications, rounds)
