"""业务培训: what teaches the items that were failed, under the names by which people find it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from handlers.assessment_content import Item
from handlers.cases import casebook
from handlers.template_content import handbook
from models import Entry, EntryStatus, Lesson

CASE, TEMPLATE, LESSON, ENTRY = "案例", "纪实模板", "微课", "知识条目"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing to learn from. `key` finds it: a code, or a lesson's id."""

    kind: str
    key: str
    title: str


@dataclass(frozen=True, slots=True)
class Taught:
    """Names of what can be learnt from, read once for many items."""

    lessons: dict[str, Lesson]
    entries: dict[str, Entry]

    def of(self, item: Item) -> list[Proposal]:
        """What is proposed for an item; what was withdrawn meanwhile isn't. Pure."""
        cases, templates, named = casebook().cases, handbook().templates, item.teaches
        return [
            *(Proposal(CASE, code, cases[code].title) for code in named.cases if code in cases),
            *(
                Proposal(TEMPLATE, code, templates[code].name)
                for code in named.templates
                if code in templates
            ),
            *(
                Proposal(LESSON, str(self.lessons[code].id), self.lessons[code].title)
                for code in named.lessons
                if code in self.lessons
            ),
            *(
                Proposal(ENTRY, code, self.entries[code].question)
                for code in named.entries
                if code in self.entries
            ),
        ]


async def taught(items: Iterable[Item]) -> Taught:
    """What these items name that is to be read now."""
    named = [item.teaches for item in items]
    lessons = Lesson.filter(code__in=_all(one.lessons for one in named), withdrawn_at__isnull=True)
    entries = Entry.filter(code__in=_all(one.entries for one in named), status=EntryStatus.PUBLISHED)
    return Taught({one.code: one for one in await lessons}, {one.code: one for one in await entries})


def _all(codes: Iterable[Sequence[str]]) -> list[str]:
    return sorted({code for some in codes for code in some})
