"""What a step of a rehearsal asks for, as fields to fill in, and what was filled in, read back."""

from collections.abc import Mapping
from html import escape
from typing import Any, NamedTuple

from multidict import MultiMapping

from handlers import rehearsal_play as playing
from handlers.case_content import Meeting, Task
from handlers.rehearsal_play import Play

DATE, NUMBER, YES, WHICH, WHO = "date", "number", "yes", "which", "who"
CHOICES = {"favour": "赞成", "against": "不赞成", "abstain": "弃权"}
OUTCOMES = {"yes": "通过", "no": "没有通过"}


class Asked(NamedTuple):
    """One field."""

    name: str
    label: str
    kind: str


FIELDS: Mapping[Task, tuple[Asked, ...]] = {
    Task.DEADLINE: (Asked("approved_on", "预审合格日期", DATE), Asked("meeting_on", "党员大会日期", DATE)),
    Task.PAPERS: (
        Asked("activist_on", "列为积极分子日期", DATE),
        Asked("candidate_on", "列为发展对象日期", DATE),
        Asked("publicity_from", "公示开始日期", DATE),
        Asked("publicity_until", "公示结束日期", DATE),
    ),
    Task.DUE: (Asked("due", "应到人数", NUMBER),),
    Task.PRESENT: (Asked("present", "实到人数", NUMBER),),
    Task.COMMITTEE: (Asked("due", "委员人数", NUMBER), Asked("present", "到会人数", NUMBER)),
    Task.SURPLUS: (Asked("posts", "应选名额", NUMBER), Asked("candidates", "候选人数", NUMBER)),
    Task.APPROVAL: (
        Asked("decided_on", "审批日期", DATE),
        Asked("special", "有特殊情况，批准延长", YES),
    ),
}


def asked(play: Play) -> tuple[Asked, ...]:
    """The fields of the current step."""
    task = play.current.task if play.current else Task.NONE
    is_election = play.case.meeting is Meeting.ELECTION
    if task is Task.VERDICT:
        return (Asked("elected", "谁当选", WHO) if is_election else Asked("passed", "表决结果", WHICH),)
    if task is Task.COUNT and play.case.meeting is Meeting.ADMISSION:
        return (Asked("written", "会前交来的书面赞成意见（份）", NUMBER),)
    return FIELDS.get(task, ())


def fields(play: Play) -> str:
    """The current step's fields, filled in beforehand with what is known; a verdict is for people to find."""
    known = playing.defaults(play)
    return "".join(_field(play, one, known.get(one.name)) for one in asked(play))


def ballot(play: Play) -> str:
    """A ballot paper."""
    if play.case.meeting is not Meeting.ELECTION:
        options = "".join(
            f'<label class="option"><input type="radio" name="choice" value="{value}" required>'
            f"<span>{word}</span></label>"
            for value, word in CHOICES.items()
        )
        return f"<fieldset><legend>请选一项</legend>{options}</fieldset>"
    legend = f"赞成谁就勾谁，最多{play.known['posts']}名；一个都不赞成就不勾"
    return f"<fieldset><legend>{legend}</legend>{_names(play, 'approve')}</fieldset>"


def filled_in(play: Play, given: MultiMapping[Any]) -> dict[str, Any]:
    """What was entered, as the use-case takes it; what isn't there stays away."""
    facts: dict[str, Any] = {}
    for one in asked(play):
        if one.kind == WHO:
            facts[one.name] = numbers(given, one.name)
        elif one.kind == YES:
            facts[one.name] = one.name in given
        elif one.kind == WHICH and given.get(one.name) in OUTCOMES:
            facts[one.name] = given[one.name] == "yes"
        elif isinstance(text := given.get(one.name), str):
            facts[one.name] = text[:20]
    return facts


def marked(play: Play, given: MultiMapping[Any]) -> dict[str, Any]:
    """What stands on a ballot."""
    if play.case.meeting is Meeting.ELECTION:
        return {"approve": numbers(given, "approve")}
    return {"choice": given.get("choice", "")}


def numbers(given: MultiMapping[Any], name: str) -> list[int]:
    """The ticked numbers."""
    return [number for text in given.getall(name, []) if (number := number_of(text))]


def number_of(text: object) -> int:
    """A small whole number, else 0."""
    is_number = isinstance(text, str) and text.isascii() and text.isdigit() and len(text) < 6
    return int(str(text)) if is_number else 0


def _field(play: Play, one: Asked, known: object) -> str:
    label, name = escape(one.label), one.name
    if one.kind == WHO:
        return f"<fieldset><legend>{label}</legend>{_names(play, name)}</fieldset>"
    if one.kind == WHICH:
        options = "".join(
            f'<label class="option"><input type="radio" name="{name}" value="{value}" required>'
            f"<span>{word}</span></label>"
            for value, word in OUTCOMES.items()
        )
        return f"<fieldset><legend>{label}</legend>{options}</fieldset>"
    if one.kind == YES:
        return f'<label class="option"><input type="checkbox" name="{name}"><span>{label}</span></label>'
    kind = 'type="date"' if one.kind == DATE else 'type="number" inputmode="numeric" min="0"'
    return f'<p><label>{label}<input {kind} name="{name}" value="{escape(str(known))}" required></label></p>'


def _names(play: Play, name: str) -> str:
    return "".join(
        f'<label class="option"><input type="checkbox" name="{name}" value="{number}">'
        f"<span>{escape(who)}</span></label>"
        for number, who in enumerate(play.known.get("names", []), start=1)
    )
