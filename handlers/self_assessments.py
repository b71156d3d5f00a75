"""支部自评: before the assessors come, a branch may look at itself by the same sheet. It counts for nothing.

Nobody has to: there is no term, no reminder and no figure of who did. What the system knows stands beside
each item; what hasn't changed since the branch's last look at itself is taken over with one tap. Once handed
in, the assessors see it beside each item, and the report says where both differ.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from tortoise.transactions import in_transaction

from handlers import assessment_stages, audit, own_evidence, screenings
from handlers.accounts import require_person
from handlers.assessment_access import own_branches
from handlers.assessment_content import Item, Sheet
from handlers.context import Context
from handlers.errors import BadInput, NotFound, WrongState
from handlers.lines import one_line
from models import Assessment, AssessmentStage, Observation, SelfAssessment, SelfMark

LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class Word:
    """What a branch says of one item: tenths it would deduct, and why."""

    deducted: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """An item with what is known of it, what the branch said, and what it said the time before."""

    item: Item
    known: Sequence[str]
    said: SelfMark | None = None
    before: SelfMark | None = None


@dataclass(frozen=True, slots=True)
class Own:
    """A branch's look at itself. `may_write` until the assessors begin to write."""

    assessment: Assessment
    sheet: Sheet
    lines: Sequence[Line]
    may_write: bool
    handed_in_at: datetime | None = None


class Outcome(StrEnum):
    """What became of a word that a phone kept."""

    TAKEN = "taken"
    ALREADY = "already"
    DIFFERS = "differs"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Written:
    """A word as a phone kept it; `seen` is what stood there when it was written, None for nothing."""

    item: str
    word: Word
    seen: Word | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one; `there` is what another phone wrote meanwhile, `reason` a Chinese sentence."""

    item: str
    outcome: Outcome
    reason: str = ""
    there: Word | None = None


@dataclass(frozen=True, slots=True)
class Differs:
    """An item of which branch and assessment think differently, in tenths."""

    item: str
    own: int
    assessed: int
    note: str


async def open_ones(ctx: Context) -> list[Assessment]:
    """The assessments of the caller's branches that nobody has begun: these the branch may look at first.

    Raises:
        NotBound.
    """
    await require_person(ctx)
    coming = Assessment.filter(branch_id__in=await own_branches(ctx), stage=AssessmentStage.ASSESSING)
    rows = await coming.order_by("-id").select_related("cycle", "branch", "team")
    begun = await Observation.filter(assessment_id__in=[row.id for row in rows]).only("id", "assessment_id")
    seen = {one.assessment_id for one in begun}
    return [row for row in rows if row.id not in seen]


async def look(ctx: Context, *, assessment_id: int) -> Own:
    """A branch's own sheet, as its worker sees it.

    Raises:
        NotBound.
        NotFound: no such assessment of a branch the caller acts for, or it isn't published.
    """
    row = await _find(ctx, assessment_id)
    sheet = assessment_stages.book_of(row).sheets[row.sheet]
    own = await SelfAssessment.get_or_none(assessment_id=row.id)
    said = await _as_written(await _marks(own.id)) if own is not None else {}
    before, known = await _before(row, sheet), await own_evidence.known(ctx, row, sheet.items)
    lines = [Line(item, known[item.code], said.get(item.code), before.get(item.code)) for item in sheet.items]
    return Own(row, sheet, lines, await _may_write(row), own.handed_in_at if own is not None else None)


async def save(ctx: Context, *, assessment_id: int, words: Mapping[str, Word]) -> Own:
    """Keep what the branch says of some items; of the others it says what it said, or nothing.

    Raises:
        NotBound, NotFound.
        WrongState: the assessors have begun.
        BadInput: no such item, more than it is worth, or too long.
    """
    async with in_transaction():
        row, own = await _to_write(ctx, assessment_id)
        sheet = assessment_stages.book_of(row).sheets[row.sheet]
        checked = {code: _checked(sheet, code, word) for code, word in words.items()}
        for code, word in checked.items():
            await _keep(ctx, row, own, code, word)
        await audit.record(ctx, "self_assessment.saved", f"assessment:{row.id}", items=sorted(checked))
    return await look(ctx, assessment_id=assessment_id)


async def upload(
    ctx: Context, *, assessment_id: int, written: Sequence[Written]
) -> tuple[list[Answer], dict[str, Word]]:
    """Take what phones wrote without a network, in any order and as often as they send it; each is answered.

    What another phone wrote meanwhile is never laid over: the later one is told, and its writer chooses. Also
    gives all that stands there now, by item.

    Raises:
        NotBound, NotFound.
        WrongState: the assessors have begun.
    """
    async with in_transaction():
        await _find(ctx, assessment_id)
        row = await assessment_stages.held(assessment_id)
        if not await _may_write(row):
            raise WrongState
        sheet, there = assessment_stages.book_of(row).sheets[row.sheet], await _words(row)
        answers = [_answer(sheet, there, one) for one in written]
        taken = [one.item for one in answers if one.outcome is Outcome.TAKEN]
        if taken:
            row, own = await _to_write(ctx, assessment_id)
            for item in taken:
                await _keep(ctx, row, own, item, there[item])
            await audit.record(ctx, "self_assessment.saved", f"assessment:{row.id}", items=sorted(taken))
    return answers, there


async def take_last(ctx: Context, *, assessment_id: int) -> Own:
    """Say of every item not spoken of yet what the branch said the time before (没有变化).

    Raises:
        NotBound, NotFound, WrongState.
    """
    async with in_transaction():
        row, own = await _to_write(ctx, assessment_id)
        sheet = assessment_stages.book_of(row).sheets[row.sheet]
        said, before = await _marks(own.id), await _before(row, sheet)
        taken = [code for code in before if code not in said]
        for code in taken:
            await _keep(ctx, row, own, code, Word(before[code].deducted, before[code].note), taken=True)
        await audit.record(ctx, "self_assessment.taken_over", f"assessment:{row.id}", items=sorted(taken))
    return await look(ctx, assessment_id=assessment_id)


async def hand_in(ctx: Context, *, assessment_id: int) -> Own:
    """Let the assessors see it. Twice is once; it may still be written on until they begin.

    Raises:
        NotBound, NotFound, WrongState.
    """
    async with in_transaction():
        row, own = await _to_write(ctx, assessment_id)
        if own.handed_in_at is None:
            await SelfAssessment.filter(id=own.id).update(handed_in_at=ctx.now())
            await audit.record(ctx, "self_assessment.handed_in", f"assessment:{row.id}")
    return await look(ctx, assessment_id=assessment_id)


async def handed_in(row: Assessment) -> dict[str, SelfMark]:
    """Item → what the branch said, once it handed in; who may see it is the caller's to check."""
    own = await SelfAssessment.get_or_none(assessment_id=row.id, handed_in_at__isnull=False)
    return await _marks(own.id) if own is not None else {}


def differences(said: Mapping[str, SelfMark], assessed: Mapping[str, int]) -> list[Differs]:
    """Where branch and assessment differ, in the order of items. Pure."""
    return [
        Differs(code, said[code].deducted, assessed[code], said[code].note)
        for code in sorted(said)
        if code in assessed and said[code].deducted != assessed[code]
    ]


async def _find(ctx: Context, assessment_id: int) -> Assessment:
    await require_person(ctx)
    own = Assessment.filter(id=assessment_id, branch_id__in=await own_branches(ctx))
    row = await own.exclude(stage=AssessmentStage.PLANNED).select_related("cycle", "branch", "team").first()
    if row is None:
        raise NotFound
    return row


async def _may_write(row: Assessment) -> bool:
    """先于镇街检查: until an assessor has written anything down."""
    if row.stage is not AssessmentStage.ASSESSING:
        return False
    return not await Observation.filter(assessment_id=row.id).exists()


async def _to_write(ctx: Context, assessment_id: int) -> tuple[Assessment, SelfAssessment]:
    """An assessment kept until the transaction ends, and the branch's own look at it."""
    await _find(ctx, assessment_id)
    row = await assessment_stages.held(assessment_id)
    if not await _may_write(row):
        raise WrongState
    person = await require_person(ctx)
    made = {"by_id": person.id, "saved_at": ctx.now()}
    own, is_new = await SelfAssessment.get_or_create(made, assessment_id=row.id)
    if not is_new:
        await SelfAssessment.filter(id=own.id).update(**made)
    return row, own


async def _keep(
    ctx: Context, row: Assessment, own: SelfAssessment, code: str, word: Word, *, taken: bool = False
) -> None:
    kept = screenings.look_at(ctx, word.note)
    values = {"deducted": word.deducted, "note": kept.shown, "taken": taken}
    mark, is_new = await SelfMark.get_or_create(values, own_id=own.id, item=code)
    if not is_new:
        await SelfMark.filter(id=mark.id).update(**values)
    await screenings.hold(ctx, kept, _place(mark), path=row.branch.path)


async def _words(row: Assessment) -> dict[str, Word]:
    """Item → what stands there, as it was written."""
    own = await SelfAssessment.get_or_none(assessment_id=row.id)
    marks = await _as_written(await _marks(own.id)) if own is not None else {}
    return {code: Word(one.deducted, one.note) for code, one in marks.items()}


def _answer(sheet: Sheet, there: dict[str, Word], written: Written) -> Answer:
    """What becomes of one; where it is taken, it stands in `there`."""
    item = written.item
    try:
        word = _checked(sheet, item, written.word)
    except BadInput as wrong:
        return Answer(item, Outcome.REFUSED, "；".join(wrong.fields.values()))
    now = there.get(item)
    if now == word:
        return Answer(item, Outcome.ALREADY)
    if now != written.seen:
        return Answer(item, Outcome.DIFFERS, there=now)
    there[item] = word
    return Answer(item, Outcome.TAKEN)


def _checked(sheet: Sheet, code: str, word: Word) -> Word:
    item = sheet.item(code)
    if item is None:
        raise BadInput(marks=f"评估表里没有“{code[:8]}”这一项")
    if not 0 <= word.deducted <= item.worth:
        raise BadInput(marks=f"“{item.name}”只有 {item.worth / 10:g} 分，扣分不能更多，也不能少于 0")
    return Word(word.deducted, one_line(word.note, longest=LONGEST_NOTE, field="marks", required=False))


async def _marks(own_id: int) -> dict[str, SelfMark]:
    return {one.item: one for one in await SelfMark.filter(own_id=own_id).order_by("item")}


async def _before(row: Assessment, sheet: Sheet) -> dict[str, SelfMark]:
    """What the branch said of the same items the last time it handed in, as it was written."""
    earlier = SelfAssessment.filter(
        assessment__branch_id=row.branch_id, assessment__sheet=row.sheet, assessment_id__lt=row.id,
        handed_in_at__isnull=False,
    )  # fmt: skip
    last = await earlier.order_by("-handed_in_at", "-id").first()
    if last is None:
        return {}
    said = await _as_written(await _marks(last.id))
    return {
        code: one
        for code, one in said.items()
        if (item := sheet.item(code)) is not None and one.deducted <= item.worth
    }


async def _as_written(marks: dict[str, SelfMark]) -> dict[str, SelfMark]:
    """Marks for their branch: what is held back stands in them as it was written."""
    held = await screenings.held_texts(_place(one) for one in marks.values())
    for one in marks.values():
        one.note = held.get(_place(one), one.note)
    return marks


def _place(mark: SelfMark) -> str:
    """Where a note belongs, as screenings.py names places."""
    return f"self_mark:{mark.id}:note"
