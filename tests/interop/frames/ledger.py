"""Goes through a record and judges each frame by the revision in force where it was sent."""

import json
from collections import Counter

from frames.definitions import LEGACY, MODERN
from frames.log import read

VERSION = "io.modelcontextprotocol/protocolVersion"
SUBSCRIPTION = "io.modelcontextprotocol/subscriptionId"


class Ledger:
    """Counts and faults of any number of records."""

    def __init__(self, schemas):
        self._schemas = schemas
        self.counts = Counter()  # (revision, what) → frames judged
        self._faults = {}  # (revision, what) → {fault: [(record, frame)]}
        self.peers = set()  # faults of those the gateway speaks with

    def faults_of(self, revision, what):
        """{fault: [(record, frame)]} of one kind of frame."""
        return self._faults.get((revision, what), {})

    def judge(self, path, sender):
        """Every frame in the record at `path`; what `sender` sent is the gateway's, the rest its peers'."""
        record = _Record()
        for line in read(path):
            if "scope" in line:
                record.scopes[line["exchange"]] = line["scope"]
                continue
            try:
                message = json.loads(line["text"])
            except ValueError:
                message = None  # not even JSON: judged as no object
            revision, what, faults = self._look(record, line["exchange"], line["from"], message)
            if line["from"] != sender:
                self.peers.update(faults)
            else:
                self.counts[revision, what] += 1
                for fault in faults:
                    self._faults.setdefault((revision, what), {}).setdefault(fault, []).append((path.name, line["text"]))

    def _look(self, record, exchange, sender, message):
        """(revision, kind, faults) of one message, whose traces the record then keeps."""
        if not isinstance(message, dict):
            return "none", "no object", ["a message is an object"]
        if "method" in message:
            revision, kind = record.call(exchange, sender, message), "request" if "id" in message else "notification"
            return revision, f"{kind} {message['method']}", self._schemas.call(revision, message)
        asked = record.asked(exchange, sender, message.get("id"))
        if "error" in message:
            revision = asked["revision"] if asked else record.revision(exchange)
            return revision, "error", self._schemas.error(revision, message)
        if "result" not in message:
            return "none", "no message", ["neither method, result nor error"]
        if asked is None:
            return record.revision(exchange), "stray result", [f"a result nobody asked for: id {message.get('id')!r}"]
        if asked["method"] == "initialize" and isinstance(message["result"], dict):
            asked["revision"] = record.opened(exchange, message["result"].get("protocolVersion"))
        faults = self._schemas.result(asked["revision"], message, asked["method"], asked["augmented"])
        return asked["revision"], f"result of {asked['method']}", faults


class _Record:
    """What must be remembered of one record to judge the next frame of it."""

    def __init__(self):
        self.scopes = {}
        self._revisions = {}
        self._asked = {}
        self._tokens = set()
        self._spoken = {}

    def _scope(self, exchange):
        return self.scopes.get(exchange, exchange)

    def opened(self, exchange, revision):
        """`initialize` was answered: this revision holds from here on."""
        known = revision if revision in LEGACY else LEGACY[-1]
        self._revisions[exchange] = self._revisions[self._scope(exchange)] = known
        return known

    def revision(self, exchange):
        """The one agreed on where this exchange belongs; else the one the exchange itself named."""
        for place in (self._scope(exchange), exchange):
            if place in self._revisions:
                return self._revisions[place]
        return self._spoken.get(exchange, MODERN)

    def call(self, exchange, sender, message):
        params = message.get("params") if isinstance(message.get("params"), dict) else {}
        meta = params.get("_meta") if isinstance(params.get("_meta"), dict) else {}
        token = json.dumps(params.get("progressToken", meta.get("progressToken")))
        modern = VERSION in meta or SUBSCRIPTION in meta or message["method"] == "server/discover"
        if message["method"] == "initialize":
            wanted = params.get("protocolVersion")
            revision = wanted if wanted in LEGACY else LEGACY[-1]
        elif modern or (message["method"] == "notifications/progress" and (self._scope(exchange), token) in self._tokens):
            revision = MODERN
        else:
            revision = self.revision(exchange)
        if "id" in message:
            self._spoken[exchange] = revision
            if modern and "progressToken" in meta:
                self._tokens.add((self._scope(exchange), token))
            note = {"method": message["method"], "revision": revision, "augmented": "task" in params}
            for place in (exchange, self._scope(exchange)):
                self._asked[place, sender, json.dumps(message["id"])] = note
        return revision

    def asked(self, exchange, sender, ident):
        """The request that `sender` answers."""
        other = {"client": "server", "server": "client"}[sender]
        key = json.dumps(ident)
        return self._asked.get((exchange, other, key)) or self._asked.get((self._scope(exchange), other, key))
