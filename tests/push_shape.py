"""What a storm looks like: how many people of which kind, and how fast its time runs."""

import json
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

BEGINS = datetime.fromisoformat("2026-07-31T14:59:50+08:00")
"""Ten seconds before the lesson of a month's fifth Friday."""
EARLIER = ("2026-07-03", "2026-07-10", "2026-07-17", "2026-07-24")
"""The Fridays on which who is `full` got a mass message."""
TAG = "周五1小时"
"""The tag of a lesson's audience, in a storm by tag."""
TAGGING = timedelta(minutes=4)
"""So much earlier a storm by tag begins, for the tag is closed two minutes before the hour."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A storm's measures.

    The first `audience` of the `followers` want the lesson. `mini`, `notice`, `full` and `full_spoke` are
    shares of them: who admits a mini program's or a service notice, who has had four mass messages this
    month, and who besides wrote an hour ago. `batch` is the size of a mass message, `speed` how many
    seconds pass in one once there is a file `gate`; until then time stands still. `by_tag`: the mass
    message goes to a tag, not to lists. `articles`: it is an article, of a draft. `every`: seconds, of the
    clock on the wall, from one look of a clock process at the lesson to its next; each goes through the
    whole audience.
    """

    followers: int
    audience: int
    batch: int
    speed: float
    gate: str
    mini: float = 0.2
    notice: float = 0.1
    full: float = 0.05
    full_spoke: float = 0.05
    by_tag: bool = False
    articles: bool = False
    every: float = 0.5

    def now(self) -> datetime:
        """What time it is in the storm."""
        begins = BEGINS - TAGGING if self.by_tag else BEGINS
        return begins + timedelta(seconds=self._passed() * self.speed)

    def _passed(self) -> float:
        try:
            return max(0.0, time.time() - Path(self.gate).stat().st_mtime)
        except FileNotFoundError:
            return 0.0

    def begin(self) -> None:
        """All processes are ready: let time go on."""
        Path(self.gate).touch()

    def kind(self, place: int) -> str:
        """What the follower at that place, from 0, is like."""
        if place >= self.audience:
            return "outside"
        for kind in ("mini", "notice", "full", "full_spoke"):
            size = round(getattr(self, kind) * self.audience)
            if place < size:
                return kind
            place -= size
        return "mass"

    def write(self) -> str:
        """As JSON, for another process."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, text: str) -> "Shape":
        """From `write`."""
        return cls(**json.loads(text))
