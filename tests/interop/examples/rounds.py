"""What a server asks of its client: sampling, elicitation and roots, in the way of either era on either side."""

from examples.corpus import differences, plain

CALL = ("tools/call", {"name": "get_weather", "arguments": {"location": "New York"}})
DONE = {"resultType": "complete", "content": [{"type": "text", "text": "done"}]}
ANSWERS = {
    "sampling/createMessage": {
        "role": "assistant",
        "content": {"type": "text", "text": "Yes"},
        "model": "m",
        "stopReason": "endTurn",
    },
    "elicitation/create": {"action": "accept", "content": {"name": "octocat"}},
    "roots/list": {"roots": [{"uri": "file:///data", "name": "Root"}]},
}
KIND = {"sampling/createMessage": "CreateMessage", "elicitation/create": "Elicit", "roots/list": "ListRoots"}


def rounds(table, bridge):
    """Every example of a question, then of an answer, then the official rounds as a whole."""
    for label, method, params in _questions(bridge.corpus):
        if bridge.corpus.valid(bridge.server.era, f"{KIND[method]}Request", _request(method, params)):
            bridge.judge(table, label, lambda: _asked(bridge, method, params, ANSWERS[method]))
    basics = {method: next(iter(bridge.corpus.types[f"{kind}Request"].values())).get("params") for method, kind in KIND.items()}
    for method, kind in KIND.items():
        for label, answer in bridge.corpus.of(f"{kind}Result"):
            bridge.judge(table, label, lambda: _asked(bridge, method, basics[method], answer))
    for label, root in bridge.corpus.of("Root"):
        bridge.judge(table, label, lambda: _asked(bridge, "roots/list", None, {"roots": [root]}))
    if bridge.server.era == "modern":
        for label, value in bridge.corpus.of("InputRequiredResult"):
            bridge.judge(table, label, lambda: _whole(bridge, value))
        for label, value in bridge.corpus.of("InputRequests"):
            bridge.judge(
                table,
                label,
                lambda: _whole(bridge, {"resultType": "input_required", "inputRequests": value, "requestState": "kept"}),
            )


def _request(method, params):
    return {"jsonrpc": "2.0", "id": 1, "method": method} | ({} if params is None else {"params": params})


def _questions(corpus):
    """(label, method, params) of everything a server may ask."""
    for method, kind in KIND.items():
        for label, value in corpus.of(f"{kind}Request"):
            yield label, method, value.get("params")
    for kind in ("CreateMessageRequestParams",):
        for label, params in corpus.of(kind):
            yield label, "sampling/createMessage", params
    for kind in ("ElicitRequestFormParams", "ElicitRequestURLParams"):
        for label, params in corpus.of(kind):
            yield label, "elicitation/create", params
    for label, message in corpus.of("SamplingMessage"):
        yield label, "sampling/createMessage", {"messages": _talk(message), "maxTokens": 9}
    for label, part in corpus.of("ToolUseContent"):
        yield label, "sampling/createMessage", {"messages": [{"role": "assistant", "content": [part]}], "maxTokens": 9}
    for label, part in corpus.of("ToolResultContent"):
        yield label, "sampling/createMessage", {"messages": [{"role": "user", "content": [part]}], "maxTokens": 9}
    for label, wish in corpus.of("ModelPreferences"):
        message = {"role": "user", "content": {"type": "text", "text": "Well?"}}
        yield label, "sampling/createMessage", {"messages": [message], "modelPreferences": wish, "maxTokens": 9}
    for kind in corpus.types:
        if kind.endswith("Schema"):
            for label, schema in corpus.of(kind):
                form = {"type": "object", "properties": {"field": schema}}
                yield label, "elicitation/create", {"mode": "form", "message": "Well?", "requestedSchema": form}


def _talk(message):
    return [message]


def _asked(bridge, method, params, answer):
    """The question reaches the client, its answer the server, and the call ends."""
    heard = []
    request = {"method": method} | ({} if params is None else {"params": params})

    def legacy(message, talk):
        heard.append(talk.ask(method, params).get("result"))
        return {"result": plain(DONE)}

    def modern(message, talk):
        responses = message["params"].get("inputResponses")
        if not responses:
            return {
                "result": {"resultType": "input_required", "inputRequests": {"the_key": request}, "requestState": "the state"}
            }
        heard.append(responses.get("the_key"))
        return {
            "result": DONE
            if message["params"].get("requestState") == "the state"
            else {"resultType": "complete", "content": [{"type": "text", "text": "state lost"}]}
        }

    bridge.server.answer = legacy if bridge.server.era == "legacy" else modern
    told, seen = _through(bridge, {method: answer})
    if told.result is None or told.result.get("content") != DONE["content"]:
        return f"  the call ended with {told}"
    if [question["method"] for question in seen] != [method]:
        return f"  the client was asked {seen}"
    lost = differences(params or {}, seen[0].get("params") or {}, (params or {}).keys())
    return lost or differences(answer, heard[0], answer.keys())


def _whole(bridge, value):
    """An official result with all its requests and its state, and the official answers."""
    (_, responses), *_ = bridge.corpus.of("InputResponses")
    heard = []

    def answer(message, talk):
        if "inputResponses" not in message["params"] and "requestState" not in message["params"]:
            return {"result": value}
        heard.append(message["params"])
        return {"result": DONE}

    bridge.server.answer = answer
    wanted = value.get("inputRequests", {})
    told, seen = _through(bridge, {request["method"]: responses[key] for key, request in wanted.items()})
    if told.result is None or told.result.get("content") != DONE["content"]:
        return f"  the call ended with {told}"
    if sorted(question["method"] for question in seen) != sorted(request["method"] for request in wanted.values()):
        return f"  the client was asked {seen}"
    if heard[0].get("requestState") != value["requestState"]:
        return f"  the server got back the state {heard[0].get('requestState')!r}"
    given = {key: responses[key] for key in wanted}
    return differences(given, heard[0].get("inputResponses") or {}, given.keys())


def _through(bridge, answers):
    """Makes the call as a client of its era does; (what was told last, every question on the way)."""
    if bridge.client.era == "legacy":
        told = bridge.client.call(*CALL, answers=answers)
        return told, told.asked
    seen, more = [], {}
    for _ in range(5):
        told = bridge.client.call(CALL[0], {**CALL[1], **more})
        if not told.result or told.result.get("resultType") != "input_required":
            break
        asked = told.result.get("inputRequests", {})
        seen += asked.values()
        more = {"requestState": told.result["requestState"]} if "requestState" in told.result else {}
        if asked:
            more["inputResponses"] = {key: answers[request["method"]] for key, request in asked.items()}
    return told, seen
