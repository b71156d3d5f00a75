"""Verify an audit export, trusting nothing of the product: plain Python and its standard library.

    python tests/verify_export.py FILE [HEAD]

An export has one JSON object a line. `hash` is the SHA-256 of the line without its `hash`, written with
sorted keys, without spaces, beyond ASCII escaped; `previous_hash` is the one before, 64 zeros at first;
`sequence` counts from 1. Give HEAD, a hash noted down earlier, to learn whether the end was cut off.

Besides the chain, it replays what the entries say of findings: none may be closed without proof before it,
nor by the one who proved it.
"""

import hashlib
import json
import sys
from collections.abc import Iterable
from typing import Any

GENESIS = "0" * 64


def verify(lines: Iterable[str], head: str = GENESIS) -> list[str]:
    """What is wrong, a sentence each; nothing where the export is intact."""
    problems: list[str] = []
    previous, sequence, seen_head = GENESIS, 0, head == GENESIS
    findings: dict[tuple[str, int], str | None] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            problems += [f"line {number}: {one}" for one in broken(entry, previous, sequence)]
            problems += [f"line {number}: {one}" for one in unproved(entry, findings)]
            previous, sequence = entry["hash"], entry["sequence"]
        except (ValueError, KeyError, TypeError) as error:
            problems.append(f"line {number}: no whole entry ({type(error).__name__})")
            continue
        seen_head = seen_head or previous == head
    if not seen_head:
        problems.append("end: the noted hash does not occur, the end may have been cut off")
    return problems


def broken(entry: dict[str, Any], previous: str, sequence: int) -> list[str]:
    """What is wrong with one link."""
    rest = {key: value for key, value in entry.items() if key != "hash"}
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"), allow_nan=False)
    found = []
    if hashlib.sha256(text.encode("ascii")).hexdigest() != entry["hash"]:
        found.append("the content does not match its hash")
    if entry["previous_hash"] != previous:
        found.append("it does not follow the line before")
    if entry["sequence"] != sequence + 1:
        found.append(f"sequence {entry['sequence']} after {sequence}")
    return found


def unproved(entry: dict[str, Any], findings: dict[tuple[str, int], str | None]) -> list[str]:
    """What is wrong with a step of a finding, given who proved which round."""
    action, details = entry["action"], entry["details"]
    if not action.startswith("finding.") or "round" not in details:
        return []
    round_ = (entry["subject"], details["round"])
    if action in ("finding.opened", "finding.reopened", "finding.returned"):
        findings[round_] = None
    elif action == "finding.proved":
        findings[round_] = entry["actor"]
    elif action == "finding.closed":
        proved_by = findings.get(round_)
        if proved_by is None:
            return [f"{entry['subject']} was closed without proof"]
        if proved_by == entry["actor"]:
            return [f"{entry['subject']} was closed by the one who proved it"]
    return []


def main(arguments: list[str]) -> int:
    """The command line: 0 where the export is intact."""
    if len(arguments) not in (2, 3):
        sys.stderr.write("usage: verify_export.py FILE [HEAD]\n")
        return 2
    with open(arguments[1], encoding="utf-8") as lines:
        problems = verify(lines, *arguments[2:])
    sys.stdout.write("\n".join(problems or ["intact"]) + "\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
