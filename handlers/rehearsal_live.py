"""Rehearsals as one process follows them: who is to be told when one moves on, and where each stood last.

The database is the truth. One task reads the versions of all rehearsals that somebody watches, every few
seconds; a hint, from this process or by Redis from another one, only says which to read at once. A hint
that gets lost costs those seconds and nothing else.
"""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.exceptions import RedisError
from tortoise.exceptions import BaseORMException

from models import Rehearsal

if TYPE_CHECKING:  # These know the context, which knows this module.
    from handlers.rehearsal_play import Play

CHANNEL = "zbt:rehearsal:"
LOOKS_AGAIN_AFTER = 2.0
HEARTBEAT_AFTER = 15.0
"""Seconds of silence after which a watcher's line is tried, so that a dead one is noticed."""
MOST_WATCHERS = 5000
MOST_OF_A_SEAT = 3
"""Open lines of one person; a further one ends the oldest."""
MOST_KEPT = 400

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fold:
    """Where a rehearsal stood at a version, and who sat where. It never changes: events don't."""

    version: int
    rehearsal: Rehearsal
    play: "Play"
    names: dict[int, str]
    seats: dict[int, int]
    """Seat numbers by person."""


@dataclass(slots=True)
class Board:
    """One watched rehearsal: its last known version, and the open lines of each seat."""

    version: int = 0
    lines: dict[int, deque[object]] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    folding: asyncio.Lock = field(default_factory=asyncio.Lock)

    def wake(self) -> None:
        """Let all who wait look again."""
        self.changed.set()
        self.changed = asyncio.Event()

    def moves_to(self, version: int) -> None:
        """Tell the watchers; an old version, read late, tells nothing."""
        if version > self.version:
            self.version = version
            self.wake()


class Live:
    """What one process holds of the rehearsals under way."""

    def __init__(self) -> None:
        self._folds: OrderedDict[int, Fold] = OrderedDict()
        self._boards: dict[int, Board] = {}
        self._hinted: set[int] = set()
        self._hint = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    @property
    def watchers(self) -> int:
        """Open lines in this process."""
        return sum(len(lines) for board in self._boards.values() for lines in board.lines.values())

    def fold(self, rehearsal_id: int) -> Fold | None:
        """The last fold that was kept."""
        return self._folds.get(rehearsal_id)

    def folding(self, rehearsal_id: int) -> asyncio.Lock:
        """Held by whichever watcher reads a new state, so that the others find it kept."""
        board = self._boards.get(rehearsal_id)
        return board.folding if board is not None else asyncio.Lock()

    def keep(self, rehearsal_id: int, fold: Fold) -> None:
        """Keep a committed state for the next who asks; the ones not asked for go first."""
        known = self._folds.get(rehearsal_id)
        if known is None or known.version <= fold.version:
            self._folds[rehearsal_id] = fold
        self._folds.move_to_end(rehearsal_id)
        while len(self._folds) > MOST_KEPT:
            self._folds.popitem(last=False)

    def hint(self, rehearsal_id: int) -> None:
        """Something may have happened there."""
        if rehearsal_id in self._boards:
            self._hinted.add(rehearsal_id)
            self._hint.set()

    async def tell(self, redis: Redis, rehearsal_id: int) -> None:
        """Something happened there: this process knows at once, the others as soon as Redis says so."""
        self.hint(rehearsal_id)
        with suppress(RedisError, OSError):
            await redis.publish(f"{CHANNEL}{rehearsal_id}", "")

    async def follow(
        self, redis: Redis | None, *, rehearsal_id: int, seat: int, seen: int, within: float
    ) -> AsyncGenerator[int | None]:
        """Versions above `seen` as they come, None after a long silence; ends after `within` seconds.

        It ends early when this process stops, when the same seat opens newer lines, or when too many
        watch: they look again by themselves after a while. `redis` is None where there is no other process.
        """
        line = object()
        board = self._sit(rehearsal_id, seat, line)
        try:
            self._work(redis)
            ends_at = _time() + within
            self.hint(rehearsal_id)
            while line in board.lines[seat] and not self._closed:
                if board.version > seen:
                    seen = board.version
                    yield seen
                    continue
                left = ends_at - _time()
                if left <= 0:
                    return
                waits_for = board.changed
                try:
                    async with asyncio.timeout(min(left, HEARTBEAT_AFTER)):
                        await waits_for.wait()
                except TimeoutError:
                    if left > HEARTBEAT_AFTER:
                        yield None
        finally:
            await self._rise(rehearsal_id, seat, line)

    def close(self) -> None:
        """This process stops: all lines end."""
        self._closed = True
        for board in self._boards.values():
            board.wake()

    def _sit(self, rehearsal_id: int, seat: int, line: object) -> Board:
        full = self.watchers >= MOST_WATCHERS
        board = self._boards.setdefault(rehearsal_id, Board())
        lines = board.lines.setdefault(seat, deque(maxlen=MOST_OF_A_SEAT))
        if not full:
            if len(lines) == MOST_OF_A_SEAT:
                board.wake()
            lines.append(line)
        return board

    async def _rise(self, rehearsal_id: int, seat: int, line: object) -> None:
        board = self._boards.get(rehearsal_id)
        if board is not None and seat in board.lines:
            with suppress(ValueError):
                board.lines[seat].remove(line)
            if not board.lines[seat]:
                del board.lines[seat]
            if not board.lines:
                del self._boards[rehearsal_id]
        if not self._boards:
            tasks, self._tasks = self._tasks, []
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _work(self, redis: Redis | None) -> None:
        if self._tasks and not any(task.done() for task in self._tasks):
            return
        for task in self._tasks:
            task.cancel()
        self._tasks = [asyncio.create_task(self._look())]
        if redis is not None:
            self._tasks.append(asyncio.create_task(self._listen(redis)))

    async def _look(self) -> None:
        """Read versions: what was hinted at once, everything that is watched every few seconds."""
        looks_at = _time() + LOOKS_AGAIN_AFTER
        while True:
            try:
                async with asyncio.timeout(max(0.0, looks_at - _time())):
                    await self._hint.wait()
                wanted = self._hinted & self._boards.keys()
            except TimeoutError:
                looks_at = _time() + LOOKS_AGAIN_AFTER
                wanted = set(self._boards)
            self._hint.clear()
            self._hinted.clear()
            try:
                rows = await Rehearsal.filter(id__in=wanted).values_list("id", "version") if wanted else []
            except (BaseORMException, OSError):
                log.warning("the rehearsals' versions can't be read; trying again", exc_info=True)
                continue
            for number, version in rows:
                if board := self._boards.get(int(number)):
                    board.moves_to(int(version))

    async def _listen(self, redis: Redis) -> None:
        """Take hints from other processes; without Redis there are none, and nothing else changes."""
        while True:
            with suppress(RedisError, OSError):
                async with redis.pubsub() as hints:
                    await hints.psubscribe(f"{CHANNEL}*")
                    async for message in hints.listen():
                        number = _number(message.get("channel"))
                        if number is not None and message.get("type") == "pmessage":
                            self.hint(number)
            await asyncio.sleep(LOOKS_AGAIN_AFTER)


def _number(channel: object) -> int | None:
    text = channel.decode(errors="replace") if isinstance(channel, bytes) else str(channel)
    said = text.removeprefix(CHANNEL)
    return int(said) if said.isascii() and said.isdigit() else None


def _time() -> float:
    return asyncio.get_running_loop().time()
