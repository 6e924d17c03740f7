"""Who takes part in the matrix: the clients, the servers, and what no pair of them can express, with the rule that says so."""

from dataclasses import dataclass

CELLS = (
    "list",
    "call",
    "progress",
    "cancel",
    "sampling",
    "elicitation",
    "roots",
    "logging",
    "subscription",
    "completion",
    "task",
)

APART = "2026-07-28 moved tasks out of the core into an extension that is incompatible with those of 2025-11-25 (SEP-2663): never bridged"
NO_TASKS = "tasks are optional (2025-11-25: experimental; 2026-07-28: an extension), and one of the two SDKs has none of this era"


@dataclass(frozen=True)
class ClientPeer:
    """One SDK in one mode."""

    sdk: str  # how it is called in the matrix
    era: str
    program: str  # sdk | client | python | rmcp
    tasks: bool  # whether it can ask for a task of its own era
    faces: tuple = ("http", "stdio")

    @property
    def name(self):
        return f"{self.sdk} {self.era}"


@dataclass(frozen=True)
class ServerPeer:
    """One server behind the gateway."""

    name: str
    era: str
    transport: str  # stdio | http | ws
    program: str  # sdk1 | reference | python | rmcp
    tasks: bool


CLIENTS = (
    ClientPeer("TypeScript sdk 1", "legacy", "sdk", True, ("http", "stdio", "ws")),
    ClientPeer("TypeScript client 2", "legacy", "client", True),
    ClientPeer("TypeScript client 2", "modern", "client", False),
    ClientPeer("Python mcp 2", "legacy", "python", False),
    ClientPeer("Python mcp 2", "modern", "python", False),
    # Over stdio only: rmcp's HTTP client would bring dependencies that the product does not have.
    ClientPeer("rmcp 3", "legacy", "rmcp", False, ("stdio",)),
    ClientPeer("rmcp 3", "modern", "rmcp", True, ("stdio",)),
)
SERVERS = (
    ServerPeer("sdk1", "legacy", "stdio", "sdk1", True),
    ServerPeer("sdk1-ws", "legacy", "ws", "sdk1", True),
    ServerPeer("ts-legacy", "legacy", "http", "reference", False),
    ServerPeer("ts-modern", "modern", "stdio", "reference", True),
    ServerPeer("py-legacy", "legacy", "stdio", "python", False),
    ServerPeer("py-modern", "modern", "http", "python", False),
    ServerPeer("rs-legacy", "legacy", "stdio", "rmcp", False),
    ServerPeer("rs-modern", "modern", "stdio", "rmcp", True),
)


def excused(client, server, cell):
    """The rule by which this cell cannot be, or None."""
    if cell != "task":
        return None
    if client.era != server.era:
        return APART
    return None if client.tasks and server.tasks else NO_TASKS
