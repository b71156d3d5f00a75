"""Texts that must fit into a number of bytes."""

import re

TEXT_LIMIT = 2048
"""Bytes of UTF-8 that one text message may have: in a reply (measured by users), by customer service."""
SENTENCE_END = re.compile(r"[。！？；!?;\n]")
SHORTEST_HEAD = 1 / 3
"""Of the room: a cut at a sentence end that leaves less than this is made between characters instead."""


def cut(text: str, *, ending: str, limit: int = TEXT_LIMIT) -> tuple[str, str]:
    """Split a text so that its first part, followed by `ending`, fits `limit` bytes; the rest after it.

    The cut is at the last sentence end that fits, else between characters. The rest is empty, and
    nothing is put behind the text, when the whole of it fits. Half a character pair counts as `?`.
    """
    encoded = text.encode(errors="replace")
    decoded = encoded.decode()
    if decoded != text:
        text = decoded  # Else it stays the same string, whose hash is known where it has been said before.
    if len(encoded) <= limit:
        return text, ""
    head = encoded[: limit - len(ending.encode())].decode(errors="ignore")
    ends = [match.end() for match in SENTENCE_END.finditer(head)]
    at = ends[-1] if ends and ends[-1] > len(head) * SHORTEST_HEAD else len(head)
    return text[:at].rstrip() + ending, text[at:].lstrip()
