"""What is asked of each server, and the recording of all answers.

Every step must have the same answer each time it is asked on a fresh fixture; nothing here reads clocks or random values.
*Invariant:* a recording maps a label to text; two recordings of the same server are equal or something changed bytes.
"""

import json

import custody
import raw_json

PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="


def _everything():
    return [
        ("echo", "echo", {"message": 'héllo \u2028 <b>&"quoted"\\ 日本 🦀'}),
        ("empty echo", "echo", {"message": ""}),
        ("long echo", "echo", {"message": "0123456789abcdef" * 8192}),
        ("sum", "get-sum", {"a": 2, "b": 40}),
        ("sum of fractions", "get-sum", {"a": 0.1, "b": 0.2}),
        ("image", "get-tiny-image", {}),
        ("annotated", "get-annotated-message", {"messageType": "error", "includeImage": True}),
        ("structured content", "get-structured-content", {"location": "New York"}),
        ("resource links", "get-resource-links", {"count": 3}),
        ("wrong arguments", "get-sum", {"a": "two"}),
        ("missing arguments", "echo", {}),
    ]


def _files(run):
    root = f"{run}/files"
    return [
        ("allowed folders", "list_allowed_directories", {}),
        ("list", "list_directory", {"path": root}),
        ("tree", "directory_tree", {"path": root}),
        ("read", "read_text_file", {"path": f"{root}/poem.txt"}),
        ("read the head", "read_text_file", {"path": f"{root}/poem.txt", "head": 1}),
        ("read media", "read_media_file", {"path": f"{root}/dot.png"}),
        ("search", "search_files", {"path": root, "pattern": "**/*.txt"}),
        ("write", "write_file", {"path": f"{root}/out.txt", "content": "geschrieben\n"}),
        ("read what was written", "read_text_file", {"path": f"{root}/out.txt"}),
        ("edit, dry", "edit_file", {"path": f"{root}/out.txt", "edits": [{"oldText": "ge", "newText": "be"}], "dryRun": True}),
        ("outside the folder", "read_text_file", {"path": "/etc/hostname"}),
        ("missing file", "read_text_file", {"path": f"{root}/absent.txt"}),
        ("wrong arguments", "read_text_file", {"path": 7}),
    ]


def _memory():
    ada = {"name": "Ada", "entityType": "person", "observations": ["wrote notes", "liked “engines”"]}
    engine = {"name": "Engine", "entityType": "machine", "observations": []}
    return [
        ("create entities", "create_entities", {"entities": [ada, engine]}),
        ("relate", "create_relations", {"relations": [{"from": "Ada", "to": "Engine", "relationType": "described"}]}),
        ("observe", "add_observations", {"observations": [{"entityName": "Engine", "contents": ["brass"]}]}),
        ("read", "read_graph", {}),
        ("search", "search_nodes", {"query": "brass"}),
        ("open", "open_nodes", {"names": ["Ada"]}),
        ("unknown entity", "add_observations", {"observations": [{"entityName": "Nobody", "contents": ["x"]}]}),
        ("wrong arguments", "create_entities", {"entities": "Ada"}),
        ("delete", "delete_entities", {"entityNames": ["Ada", "Engine"]}),
        ("read when empty", "read_graph", {}),
    ]


def _time():
    return [
        ("convert", "convert_time", {"source_timezone": "UTC", "time": "12:30", "target_timezone": "Asia/Tokyo"}),
        ("convert by a half hour", "convert_time", {"source_timezone": "UTC", "time": "00:00", "target_timezone": "Asia/Kolkata"}),
        ("unknown zone", "convert_time", {"source_timezone": "UTC", "time": "12:30", "target_timezone": "Mars/Olympus"}),
        ("wrong arguments", "convert_time", {"source_timezone": "UTC", "time": "late", "target_timezone": "UTC"}),
        ("missing arguments", "convert_time", {}),
    ]


def _git(run):
    repo = f"{run}/repo"
    return [
        ("status", "git_status", {"repo_path": repo}),
        ("log", "git_log", {"repo_path": repo, "max_count": 5}),
        ("show", "git_show", {"repo_path": repo, "revision": "HEAD"}),
        ("branches", "git_branch", {"repo_path": repo, "branch_type": "local"}),
        ("difference", "git_diff", {"repo_path": repo, "target": "HEAD~1"}),
        ("unknown revision", "git_show", {"repo_path": repo, "revision": "nope"}),
        ("no repository", "git_status", {"repo_path": f"{run}/files"}),
        ("missing arguments", "git_log", {}),
    ]


def steps(server, run):
    """[(label, tool, arguments)] for the server of this name."""
    if server.startswith("everything"):
        return _everything()
    return {"files": lambda: _files(run), "memory": _memory, "time": _time, "git": lambda: _git(run)}[server]()


def tools(peer, meta=None):
    """[raw tool] of all pages of `tools/list`; with `meta`, the envelope of 2026-07-28, no `initialize` need have been."""
    found, cursor = [], None
    while True:
        params = ({} if cursor is None else {"cursor": cursor}) | ({} if meta is None else {"_meta": meta})
        outcome = peer.call("tools/list", params or None)
        if not outcome.startswith("result:"):
            raise ValueError(f"tools/list: {outcome[:500]}")
        page = raw_json.members(outcome.removeprefix("result:"))
        found += raw_json.items(page["tools"])
        if "nextCursor" not in page:
            return found
        cursor = json.loads(page["nextCursor"])


def name(tool):
    return json.loads(raw_json.members(tool)["name"])


def settled_tools(peer, expected):
    """The tools once every prefix of `expected` {prefix: how many} has at least that many: children may still be starting."""

    def complete():
        found = tools(peer)
        names = [name(tool) for tool in found]
        counts = {prefix: sum(other.startswith(prefix) for other in names) for prefix in expected}
        return found if all(counts[prefix] >= expected[prefix] for prefix in expected) else None

    return custody.poll("the tools of every server", complete)


def _own(all_tools, prefix):
    """The tools of one server with the prefix taken from their names, every other byte as received."""
    own = []
    for tool in all_tools:
        if name(tool).startswith(prefix):
            plain = json.dumps(name(tool).removeprefix(prefix), ensure_ascii=False)
            own.append(raw_json.replace(tool, "name", plain) if prefix else tool)
    return own


def _long(peer, tool, token, steps_wanted):
    arguments = {"duration": 0.2 * steps_wanted, "steps": steps_wanted}
    return peer.request("tools/call", {"name": tool, "arguments": arguments, "_meta": {"progressToken": token}})


def _progress(peer, prefix):
    """Progress and outcome of one long call, in the order they came."""
    tool = f"{prefix}trigger-long-running-operation"
    ident = _long(peer, tool, "slow-1", 4)
    peer.wait(ident)
    peer.call("ping")
    return "\n".join(peer.story("slow-1", ident))


def _cancel(peer, prefix):
    """A cancelled call stays unanswered, though one of equal length that began later has its answer."""
    tool = f"{prefix}trigger-long-running-operation"
    cancelled = _long(peer, tool, 7001, 3)
    peer.wait_progress(7001, cancelled)
    peer.notify("notifications/cancelled", {"requestId": cancelled, "reason": "no longer needed"})
    later = _long(peer, tool, 7002, 3)
    outcome = peer.wait(later)
    return f"cancelled: {'answered' if peer.answered(cancelled) else 'silent'}, later: {outcome}"


def _refusal(outcome):
    """An unknown tool must be refused; in whose words is free, since a gateway knows more tools than the server."""
    refused = outcome.startswith("error:")
    if outcome.startswith("result:"):
        refused = raw_json.members(outcome.removeprefix("result:")).get("isError") == "true"
    return "refused" if refused else outcome


def record(peer, server, run, all_tools, prefix=""):
    """{label: text} of one server, asked through `peer`; `prefix` is put before the names of its tools."""
    told = {"tools/list": "\n".join(_own(all_tools, prefix))}
    for label, tool, arguments in steps(server, run):
        told[label] = peer.call("tools/call", {"name": prefix + tool, "arguments": arguments})
    told["unknown tool"] = _refusal(peer.call("tools/call", {"name": f"{prefix}no-such-tool", "arguments": {}}))
    told["unknown method"] = _refusal(peer.call("no/such/method", {}))
    told["ping"] = peer.call("ping")
    if server.startswith("everything"):
        told["progress in order"] = _progress(peer, prefix)
        told["cancellation"] = _cancel(peer, prefix)
    return told
