"""The official examples, and how each stands to a peer of either era."""

import json

LEGACY, MODERN = "2025-11-25", "2026-07-28"
ENVELOPE = ("resultType", "ttlMs", "cacheScope")  # what 2026-07-28 wraps around every result
META = "io.modelcontextprotocol/"

# Example types that belong to one connection only: the gateway has its own on either side.
OWN = {
    "HeaderMismatchError": "compares the headers and body of one request",
    "UnsupportedProtocolVersionError": "tells the revisions of one peer",
    "ParseError": "tells of bytes that were no JSON",
    "SubscriptionsListenResult": "ends one connection's subscription",
    "SubscriptionsListenResultResponse": "ends one connection's subscription",
    "SubscriptionsAcknowledgedNotification": "opens one connection's subscription",
    "DiscoverResult": "names one server",
    "DiscoverResultResponse": "names one server",
    "ServerCapabilities": "names what one server can",
    "PaginatedRequestParams": "continues a list that is merged anew",
}


class Corpus:
    """{type: {name: value}} of one folder."""

    def __init__(self, schemas):
        self._schemas = schemas
        folder = schemas.folder / f"examples-{MODERN}"
        self.types = {
            kind.name: {path.stem: json.loads(path.read_text()) for path in sorted(kind.glob("*.json"))}
            for kind in sorted(folder.iterdir())
        }

    def of(self, kind):
        """(label, value) of every example of a type."""
        return [(f"{kind}/{name}", value) for name, value in self.types[kind].items()]

    def results(self, kind):
        """The same with those that are wrapped in a whole response."""
        wrapped = [(label, value["result"]) for label, value in self.of(f"{kind}Response")]
        return self.of(kind) + wrapped

    def valid(self, era, kind, value):
        """Whether a peer of this era could say it, its envelope apart."""
        if era == "modern":
            return True
        return not self._schemas.faults(LEGACY, kind, plain(value))

    def spared(self, era, kind, value):
        """The members of `value` that this era has room for: all, unless leaving one out is what makes it valid."""
        value = plain(value)
        if self.valid(era, kind, value):
            return set(value)
        cures = {key for key in value if self.valid(era, kind, {other: value[other] for other in value if other != key})}
        return set(value) - cures


def plain(value):
    """A result or request without what belongs to the envelope of its era."""
    if not isinstance(value, dict):
        return value
    rest = {key: member for key, member in value.items() if key not in (*ENVELOPE, "_meta")}
    meta = {key: member for key, member in value.get("_meta", {}).items() if not key.startswith(META)}
    return rest | ({"_meta": meta} if meta else {})


def differences(want, got, keys):
    """In words how the members `keys` of `want` came through; empty when they all did."""
    if not isinstance(got, dict):
        return f"  wanted an object, got {got!r}"
    lost = [key for key in sorted(keys) if got.get(key, "missing") != want[key]]
    return "\n".join(
        f"  {key}: wanted {json.dumps(want[key])[:400]}\n    got {json.dumps(got.get(key, 'missing'))[:400]}" for key in lost
    )
