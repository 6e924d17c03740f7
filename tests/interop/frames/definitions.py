"""The official JSON Schemas of all revisions, and which of their definitions a message must satisfy."""

import functools
import json
from pathlib import Path

from jsonschema.validators import validator_for
from referencing import Registry, Resource

LEGACY = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
MODERN = "2026-07-28"

# Requests either side may make, and the result each has. Nothing here: any result will do.
RESULTS = {
    "initialize": "InitializeResult",
    "server/discover": "DiscoverResult",
    "subscriptions/listen": "SubscriptionsListenResult",
    "tools/list": "ListToolsResult",
    "tools/call": "CallToolResult",
    "resources/list": "ListResourcesResult",
    "resources/templates/list": "ListResourceTemplatesResult",
    "resources/read": "ReadResourceResult",
    "prompts/list": "ListPromptsResult",
    "prompts/get": "GetPromptResult",
    "completion/complete": "CompleteResult",
    "sampling/createMessage": "CreateMessageResult",
    "elicitation/create": "ElicitResult",
    "roots/list": "ListRootsResult",
    "tasks/get": "GetTaskResult",
    "tasks/list": "ListTasksResult",
    "tasks/cancel": "CancelTaskResult",
    "tasks/result": "GetTaskPayloadResult",
    "ping": "EmptyResult",
    "logging/setLevel": "EmptyResult",
    "resources/subscribe": "EmptyResult",
    "resources/unsubscribe": "EmptyResult",
}
MODERN_ERRORS = {
    -32020: "HeaderMismatchError",
    -32021: "MissingRequiredClientCapabilityError",
    -32022: "UnsupportedProtocolVersionError",
}


class Schemas:
    """All revisions of one folder."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self._documents = {revision: json.loads((self.folder / f"{revision}.json").read_text()) for revision in (*LEGACY, MODERN)}
        self._registry = Registry().with_resources(
            (f"mcp:{revision}", Resource.from_contents(document)) for revision, document in self._documents.items()
        )
        self._methods = {revision: dict(self._by_method(revision)) for revision in self._documents}

    def _section(self, revision):
        return "$defs" if "$defs" in self._documents[revision] else "definitions"

    def names(self, revision):
        return self._documents[revision][self._section(revision)]

    def _by_method(self, revision):
        for name, definition in self.names(revision).items():
            method = definition.get("properties", {}).get("method", {}).get("const")
            if method and name.endswith(("Request", "Notification")):
                yield method, name

    @functools.cache
    def _validator(self, revision, name):
        document = self._documents[revision]
        return validator_for(document)({"$ref": f"mcp:{revision}#/{self._section(revision)}/{name}"}, registry=self._registry)

    def faults(self, revision, name, value):
        """What is wrong with `value` as a `name` of this revision, in words; nothing when it is right."""
        return [
            f"{revision} {name} at {'/'.join(map(str, fault.absolute_path)) or 'its top'}: {fault.message[:300]}"
            for fault in self._validator(revision, name).iter_errors(value)
        ]

    def call(self, revision, message):
        """Faults of a request or notification."""
        kind = "JSONRPCRequest" if "id" in message else "JSONRPCNotification"
        own = self._methods[revision].get(message["method"])
        return self.faults(revision, own or kind, message) + (self.faults(revision, kind, message) if own else [])

    def error(self, revision, message):
        """Faults of an error response."""
        name = "JSONRPCErrorResponse" if "JSONRPCErrorResponse" in self.names(revision) else "JSONRPCError"
        code = message["error"].get("code") if isinstance(message["error"], dict) else None
        if message.get("id", 0) is None:  # who asked could not be told: JSON-RPC 2.0 section 5; only newer schemas leave it out
            message = {key: value for key, value in message.items() if key != "id"} | (
                {"id": 0} if name == "JSONRPCError" else {}
            )
        own = MODERN_ERRORS.get(code) if revision == MODERN else None
        return self.faults(revision, name, message) + (self.faults(revision, own, message) if own else [])

    def result(self, revision, message, method, augmented=False):
        """Faults of a result for a request of `method`; `augmented` when that asked for a task (2025-11-25)."""
        known = self.names(revision)
        envelope = "JSONRPCResultResponse" if "JSONRPCResultResponse" in known else "JSONRPCResponse"
        name = RESULTS.get(method, "Result")
        kind = message["result"].get("resultType", "complete") if isinstance(message["result"], dict) else None
        if revision == MODERN and kind == "input_required":
            name = "InputRequiredResult"
        elif (revision == MODERN and kind != "complete") or name not in known:
            name = "Result"
        elif augmented and "CreateTaskResult" in known:
            name = "CreateTaskResult"
        return self.faults(revision, envelope, message) + self.faults(revision, name, message["result"])
