"""Typst in a process of its own: it remembers all it ever set, and gives back none of it while it lives.

This file is also what that process runs; there it needs nothing of the service.
"""

import pickle
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from subprocess import PIPE

Files = Mapping[str, bytes | str]
"""What typst reads: `main` is the source, the others are what it names."""
DONE = b"."


class NotSet(Exception):
    """Typst couldn't set it; what it said went to the service's own errors."""


def typeset(
    files: Files, *, beginnings: Sequence[Files] = (), progress: Callable[[int], None] | None = None
) -> bytes:
    """A PDF. Slow: call it off the event loop.

    `beginnings` are set before it, each the start of the next: typst remembers what it has set, so they are
    the work itself, and `progress` hears after each how many there were.

    Raises:
        NotSet.
    """
    command = [sys.executable, "-I", __file__]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE) as process:  # noqa: S603 (this very file)
        assert process.stdin is not None  # noqa: S101 (a pipe)
        assert process.stdout is not None  # noqa: S101 (a pipe)
        try:
            with process.stdin as given:
                pickle.dump([*map(dict, beginnings), dict(files)], given)
            for number in range(1, len(beginnings) + 1):
                if process.stdout.read(len(DONE)) != DONE:
                    raise NotSet
                if progress is not None:
                    progress(number)
            laid = process.stdout.read()
        except BrokenPipeError:
            raise NotSet from None
        finally:
            process.kill()  # It is over, or nobody waits for it any more.
    if not laid.startswith(b"%PDF"):
        raise NotSet
    return laid


def main() -> None:
    """Set what comes in, tell of each beginning, and put the last out."""
    import typst

    *beginnings, whole = pickle.load(sys.stdin.buffer)  # noqa: S301 (from the service, by a pipe)
    for files in beginnings:
        typst.query(files, "heading", field="level")
        sys.stdout.buffer.write(DONE)
        sys.stdout.buffer.flush()
    sys.stdout.buffer.write(typst.compile(whole, format="pdf"))


if __name__ == "__main__":
    main()
