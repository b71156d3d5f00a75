"""What a check may know of a branch beside the record itself: frozen values, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Literal

from handlers.answering.dates import add_months

FULL, PROBATIONARY = "full", "probationary"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a field, in a sentence that says what to do, and by which rule.

    `block` keeps a record from being handed in; `warn` is said and no more. `code` names the check;
    `missing` is the one a draft may have.
    """

    field: str
    level: Literal["block", "warn"]
    message: str
    rule: str
    code: str


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody on the branch's roster.

    `suspended`: without a vote for now (留党察看, 被留置、逮捕). `restored`: somebody has given the rights
    back by hand after 留党察看 ended; a term that has run out gives nothing back by itself.
    """

    id: int
    name: str
    membership: str = FULL
    suspended: bool = False
    restored: bool = False
    born_on: date | None = None
    full_on: date | None = None
    flags: frozenset[str] = frozenset()

    @property
    def in_party(self) -> bool:
        """A full or probationary member."""
        return self.membership in (FULL, PROBATIONARY)

    @property
    def is_full(self) -> bool:
        """A full member, who may hold an office."""
        return self.membership == FULL

    @property
    def can_vote(self) -> bool:
        """Whether they vote (党章第七、四十一条; 选举条例第五条)."""
        return self.is_full and not self.suspended


@dataclass(frozen=True, slots=True)
class Entry:
    """Another record of the branch: its day, whom it is about, and its values as they are stored."""

    id: int
    template: str
    on: date
    values: Mapping[str, Any]
    person_id: int | None = None
    entered_at: datetime | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class District:
    """What the district sets (record_terms): no central rule. The defaults are proposals (本区建议值)."""

    letter_days: int = 90
    member_hours: int = 32
    leader_hours: int = 56
    half_day_hours: int = 4
    lecture_hours_least: str = "0.5"
    lecture_hours_most: str = "4"
    training_hours_most: str = "8"
    grades: tuple[str, ...] = ("优秀", "合格", "基本合格", "不合格")
    ratings: tuple[str, ...] = ("好", "较好", "一般", "差")
    sheets: tuple[str, ...] = ("村、社区", "机关、事业单位", "国企", "两新组织")
    excellent_share: Fraction = Fraction(1, 3)
    star_bands: tuple[tuple[int, int], ...] = ((90, 5), (80, 4), (70, 3), (60, 2), (0, 1))
    vetoes: tuple[tuple[str, int], ...] = (
        ("D1 违规发展党员", 2),
        ("D2 换届拉票贿选或受干扰", 1),
        ("D3 编造、补记会议记录", 3),
        ("D4 垫交、扣缴或挪用党费", 2),
        ("D5 没有开组织生活会", 3),
        ("D6 超期未换届且未经批准", 3),
        ("D7 支部书记受党纪处分", 4),
    )
    rounding: Literal["half_up", "down", "up"] = "half_up"
    theme_day_reminder: int = 5
    followup_days: int = 30
    late_days: int = 7
    oath_months: int = 1

    @property
    def veto_names(self) -> tuple[str, ...]:
        """The matters that lower the stars."""
        return tuple(name for name, _ in self.vetoes)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the branch knows. `records` holds the branch's other records by template, the latest last.

    `record_id`, `entered_at` and `previous` (its values as they stand) are those of the record under check,
    if it was saved before. `elsewhere`: roster people who also stand on another branch's roster.
    `name_taken`: another branch of the district has this name. `parents`: organizations that may stand above
    a branch. `sites`: the names of the open sites. `next_assessment`: the day of the next one, if it is set.
    """

    now: datetime
    scope: str = ""
    members: Mapping[int, Member] = field(default_factory=dict)
    records: Mapping[str, tuple[Entry, ...]] = field(default_factory=dict)
    district: District = District()
    record_id: int | None = None
    entered_at: datetime | None = None
    previous: Mapping[str, Any] | None = None
    elsewhere: frozenset[int] = frozenset()
    name_taken: bool = False
    parents: frozenset[int] = frozenset()
    sites: frozenset[str] = frozenset()
    next_assessment: date | None = None

    @property
    def today(self) -> date:
        """The day on which the check is made, in the zone of `now`."""
        return self.now.date()

    @property
    def full(self) -> int:
        """Full members on the roster."""
        return sum(member.membership == FULL for member in self.members.values())

    @property
    def probationary(self) -> int:
        """Probationary members on the roster."""
        return sum(member.membership == PROBATIONARY for member in self.members.values())

    @property
    def party_members(self) -> int:
        """All members."""
        return self.full + self.probationary

    @property
    def voters(self) -> int:
        """Those who may vote."""
        return sum(member.can_vote for member in self.members.values())

    def of(self, template: str) -> tuple[Entry, ...]:
        """The other records of a template, the one under check left out."""
        return tuple(one for one in self.records.get(template, ()) if one.id != self.record_id)

    def latest(self, template: str) -> Entry | None:
        """The latest of them."""
        return max(self.of(template), key=lambda one: (one.on, one.id), default=None)

    def find(self, record_id: Any) -> Entry | None:
        """The record of that id, whatever its template."""
        for entries in self.records.values():
            for one in entries:
                if one.id == record_id:
                    return one
        return None

    def entry_day(self) -> date:
        """The day on which the record under check was first entered: today for a new one."""
        return (self.entered_at or self.now).astimezone(self.now.tzinfo).date()

    @property
    def _team(self) -> Mapping[str, Any]:
        team = self.latest("T02")
        return team.values if team else {}

    @property
    def secretary(self) -> int | None:
        """The secretary, by the latest T02."""
        return self._team.get("secretary_id")

    @property
    def deputy(self) -> int | None:
        """The deputy secretary, by the latest T02."""
        return self._team.get("deputy_id")

    @property
    def committee(self) -> frozenset[int]:
        """Everybody on the committee, by the latest T02; empty where the branch has none."""
        rows = self._team.get("members") or ()
        ids = [row.get("person_id") for row in rows if isinstance(row, Mapping)]
        return frozenset(one for one in (*ids, self.secretary, self.deputy) if one) if ids else frozenset()

    @property
    def leaders(self) -> frozenset[int]:
        """Secretary, deputy and the committee."""
        return self.committee | {one for one in (self.secretary, self.deputy) if one}

    @property
    def groups(self) -> tuple[Entry, ...]:
        """The T04 of each party group."""
        return self.of("T04")

    def age_on(self, member: int, on: date) -> bool | None:
        """Whether somebody is 18 by that day; None when the birthday isn't known."""
        known = self.members.get(member)
        return None if known is None or known.born_on is None else add_months(known.born_on, 216) <= on
