"""What a storm looks like: how many people of which kind, and how fast its time runs."""

import json
import time
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

BEGINS = datetime.fromisoformat("2026-07-31T14:59:50+08:00")
"""Ten seconds before the lesson of a month's fifth Friday."""
EARLIER = ("2026-07-03", "2026-07-10", "2026-07-17", "2026-07-24")
"""The Fridays on which who is `full` got a mass message."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A storm's measures.

    The first `audience` of the `followers` want the lesson. `mini`, `notice`, `full` and `full_spoke`
    are shares of them: who admits a mini program's or a service notice, who has had four mass messages
    this month, and who besides wrote an hour ago. `batch` is the size of a mass message, `speed` how
    many seconds pass in one.
    """

    followers: int
    audience: int
    batch: int
    speed: float
    started: float
    mini: float = 0.2
    notice: float = 0.1
    full: float = 0.05
    full_spoke: float = 0.05

    def now(self) -> datetime:
        """What time it is in the storm."""
        return BEGINS + timedelta(seconds=(time.time() - self.started) * self.speed)

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
