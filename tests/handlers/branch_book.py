"""A branch with a roster, a committee and its register, for tests of its records."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers import records
from handlers.context import Context
from handlers.records import Shown
from models import Membership, Person
from tests.handlers.town import Town, build

TEAM = {
    "term_no": 3, "elected_at": "2024-03-10", "term_years": {"years": 3},
    "sec_approval": ["般办组发〔2024〕3号，存档案柜"],
}  # fmt: skip


@dataclass
class Book:
    """What `open_book` has made."""

    town: Town
    ctx: Context
    people: list[Person]

    @property
    def ids(self) -> list[int]:
        """The roster's ids: full members first, one probationary member last."""
        return [person.id for person in self.people]


async def open_book(ctx: Context, *, size: int = 9) -> Book:
    """The town, and its branch with `size` members; the caller is its worker."""
    town = await build(ctx)
    people = [town.worker, town.member, town.far_officer]
    while len(people) < size:
        people.append(await Person.create(name=f"演示{len(people)}", organization=town.branch))
    people[-1].membership = Membership.PROBATIONARY
    await people[-1].save()
    return Book(town, town.at(town.worker), people)


def team(book: Book) -> dict[str, Any]:
    """A T02: the worker is the secretary, the next two are on the committee."""
    first, second, third = book.ids[:3]
    return TEAM | {
        "secretary_id": first,
        "members": [{"person_id": second, "duty": "组织、纪检"}, {"person_id": third, "duty": "宣传"}],
        "roles": {"organization": second, "publicity": third, "discipline": second},
        "member_filing": ["般办组发〔2024〕4号，存档案柜"],
    }


def party_day(book: Book, day: datetime, **more: Any) -> dict[str, Any]:
    """A T09 of that day, at which everybody was."""
    size = len(book.people)
    return {
        "held_at": {"from": day.isoformat(), "until": (day + timedelta(hours=2)).isoformat()},
        "place": "党群服务中心", "host_id": book.ids[0], "recorder_id": book.ids[1], "due_count": size,
        "present_count": size, "signin": {"source": "纸质签到表", "count": size, "kept": "档案柜"},
        "is_fixed_day": {"fixed": True}, "month": f"{day:%Y-%m}", "theme": {"title": "学习党章"},
        "items": ["集中学习"],
    } | more  # fmt: skip


async def write(ctx: Context, template: str, values: dict[str, Any]) -> Shown:
    """A draft with these values alone."""
    return await records.create(ctx, template=template, values=values, prefill=False)


async def signed(ctx: Context, template: str, values: dict[str, Any]) -> Shown:
    """A signed record with these values."""
    made = await write(ctx, template, values)
    return await records.sign(ctx, record_id=made.record.id, revision=1, seen=True)
