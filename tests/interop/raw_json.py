"""Cuts a JSON text into its members or items without changing a byte of them.

Why: the run compares what was on the wire. A parser forgets key order, number spelling, escapes and white space, so
values are only ever sliced out of the text here, never written back.
"""

import json
from json.decoder import scanstring

_decode = json.JSONDecoder().raw_decode
_SPACE = " \t\r\n"


def _skip(text, at):
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _expect(text, at, char):
    if text[at : at + 1] != char:
        raise ValueError(f"expected {char!r} at offset {at}, found {text[at : at + 20]!r}")
    return at + 1


def spans(text):
    """[(key, start, end)] of the members of the object `text`; `text[start:end]` is the raw value."""
    at = _skip(text, _expect(text, _skip(text, 0), "{"))
    found = []
    while text[at : at + 1] != "}":
        if found:
            at = _skip(text, _expect(text, at, ","))
        key, at = scanstring(text, _expect(text, at, '"'))
        start = _skip(text, _expect(text, _skip(text, at), ":"))
        _, end = _decode(text, start)
        found.append((key, start, end))
        at = _skip(text, end)
    return found


def members(text):
    """{key: raw value} of the object `text`."""
    return {key: text[start:end] for key, start, end in spans(text)}


def items(text):
    """[raw value] of the array `text`."""
    at = _skip(text, _expect(text, _skip(text, 0), "["))
    found = []
    while text[at : at + 1] != "]":
        if found:
            at = _skip(text, _expect(text, at, ","))
        _, end = _decode(text, at)
        found.append(text[at:end])
        at = _skip(text, end)
    return found


def replace(text, key, raw):
    """The object `text` with the value of `key` replaced by the raw value, all else untouched."""
    for name, start, end in spans(text):
        if name == key:
            return text[:start] + raw + text[end:]
    raise KeyError(key)
