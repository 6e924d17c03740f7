"""Reads WebSocket (RFC 6455) as it passes by: text messages of one direction, masked or not, in pieces or compressed (RFC 7692)."""

import zlib

CONTINUATION, TEXT = 0, 1


class Messages:
    """Call `feed` with what passed; each whole text message is handed to `take`."""

    def __init__(self, take, deflated):
        self._take, self._buffer, self._parts = take, b"", []
        self._inflate = zlib.decompressobj(-15) if deflated else None

    def feed(self, data):
        self._buffer += data
        while self._frame():
            pass

    def _frame(self):
        """Takes one frame off the buffer, if it is whole."""
        head = self._buffer
        if len(head) < 2:
            return False
        size, at = head[1] & 0x7F, 2
        if size >= 126:
            wide = 2 if size == 126 else 8
            size, at = int.from_bytes(head[2 : 2 + wide], "big"), 2 + wide
        mask = head[at : at + 4] if head[1] & 0x80 else b""
        at += len(mask)
        if len(head) < at + size or (head[1] & 0x80 and len(mask) < 4):
            return False
        body, self._buffer = head[at : at + size], head[at + size :]
        if mask:
            stream = (mask * (size // 4 + 1))[:size]
            body = (int.from_bytes(body, "big") ^ int.from_bytes(stream, "big")).to_bytes(size, "big")
        self._message(head[0], body)
        return True

    def _message(self, first, body):
        opcode = first & 0x0F
        if opcode not in (CONTINUATION, TEXT):
            return  # binary, or about the connection
        if opcode == TEXT:
            self._parts, self._packed = [], bool(first & 0x40)
        self._parts.append(body)
        if first & 0x80:
            whole = b"".join(self._parts)
            if self._packed and self._inflate:
                whole = self._inflate.decompress(whole + b"\x00\x00\xff\xff")
            self._take(whole.decode(errors="replace"))
