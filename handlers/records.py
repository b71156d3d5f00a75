"""The branch's records (纪实): drafts saved as they are typed, signed once, corrected with a reason.

A save names the revision it was made on. One that comes too late changes nothing: what it wanted is set
aside beside the record, and refused. Signing is one conditional statement with its version and its audit
entry; what is signed is never overwritten, a correction is the next version.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from handlers import (
    audit,
    record_access,
    record_days,
    record_facts,
    record_follow_ups,
    record_seals,
    record_subjects,
    record_terms,
)
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import (
    AlreadyRecorded,
    BadInput,
    NotFound,
    NotYourBranch,
    RecordBlocked,
    StaleVersion,
    WarningsUnseen,
    WrongState,
)
from handlers.lines import one_line
from handlers.record_access import TALK, TALKERS, Reader
from handlers.record_checks import District, Problem, check, compute
from handlers.record_seals import Values
from handlers.record_values import BadValue, plain, read
from handlers.template_content import Field, Kind, Template, handbook
from models import Record, RecordSetAside, RecordStatus, RecordVersion

LONGEST_REASON = 200
MOST_SET_ASIDE = 20
EXERCISE = "这是实训带出的演练，只供练习，不作为正式记录签认。"
TEMPLATE_UNKNOWN = "没有这个模板，请从模板列表里选"


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as its reader sees it. `hidden` names the fields that are there and not shown."""

    record: Record
    template: Template
    values: Values
    hidden: frozenset[str]
    may_write: bool
    may_sign: bool
    reader: Reader


@dataclass(frozen=True, slots=True)
class Version:
    """One signed version as its reader sees it; `intact`: it still says what was signed."""

    row: RecordVersion
    values: Values
    intact: bool


class SetAside(NamedTuple):
    """Changes that came too late."""

    row: RecordSetAside
    values: Values


def template_of(code: str) -> Template:
    """The template of that code.

    Raises:
        NotFound.
    """
    found = handbook().templates.get(code.upper())
    if found is None:
        raise NotFound
    return found


async def create(
    ctx: Context,
    *,
    template: str,
    branch_id: int | None = None,
    values: Mapping[str, Any] | None = None,
    booking_id: int | None = None,
    rehearsal_id: int | None = None,
    source_id: int | None = None,
    prefill: bool = True,
) -> Shown:
    """Begin a record, with what is known already filled in; the caller's values stand over it.

    Raises:
        NotBound, NotFound, NotYourBranch.
        BadInput: a value its field can't hold, or a visit or rehearsal that doesn't fit.
        AlreadyRecorded: there is one about the same person, year or thing.
    """
    from handlers import record_prefill  # Prefilling reads records; records begin prefilled.

    try:
        form = template_of(template)
    except NotFound:
        raise BadInput(template=TEMPLATE_UNKNOWN) from None
    reader = await record_access.read_branch(ctx, branch_id)
    terms = await record_terms.in_force(ctx)
    given = clean(form, values or {}, terms)
    if form.code == TALK and not reader.writes and reader.person.organization_id == reader.branch.id:
        given.setdefault("from_id", reader.person.id)  # Their own talk, which nobody else writes down.
    elif not reader.writes:
        raise NotYourBranch
    if not record_access.may_write(reader, form, given):
        raise NotYourBranch
    known = record_prefill.Known()
    if prefill and reader.writes:
        known = await record_prefill.prefill(
            ctx, form, reader.branch, booking_id=booking_id, rehearsal_id=rehearsal_id, source_id=source_id,
            given=given,
        )  # fmt: skip
    row = Record(
        branch_id=reader.branch.id, template=form.code, created_by_id=reader.person.id,
        booking_id=known.booking_id, rehearsal_id=known.rehearsal_id, is_exercise=known.is_exercise,
        created_at=ctx.now(), saved_at=ctx.now(),
    )  # fmt: skip
    if (
        booking_id is not None
        and await Record.filter(
            branch_id=reader.branch.id, booking_id=booking_id, template=form.code
        ).exists()
    ):
        raise AlreadyRecorded
    async with in_transaction():
        await insert(ctx, form, row, {**clean(form, known.values, terms), **given})
    return _shown(ctx, reader, form, row)


async def insert(
    ctx: Context, form: Template, row: Record, values: Values, *, key: bytes | None = None
) -> None:
    """A new draft, in the caller's transaction.

    Raises:
        AlreadyRecorded.
    """
    _fill(ctx, form, row, values, await record_terms.in_force(ctx))
    if key is not None:
        row.subject = keyed(ctx, key)
    try:
        async with in_transaction():
            await row.save()
    except IntegrityError:  # Somebody was quicker by a moment.
        raise AlreadyRecorded from None
    await audit.record(
        ctx, "record.created", f"record:{row.id}", template=form.code, branch=row.branch_id, late=row.is_late
    )


async def show(ctx: Context, *, record_id: int) -> Shown:
    """One record.

    Raises:
        NotBound, NotFound.
    """
    reader, form, row = await _find(ctx, record_id)
    return _shown(ctx, reader, form, row)


async def list_records(
    ctx: Context,
    *,
    branch_id: int | None = None,
    year: int | None = None,
    template: str | None = None,
    status: RecordStatus | None = None,
    cursor: int | None = None,
    limit: int = 50,
) -> tuple[list[Shown], int | None]:
    """A branch's records that the caller sees, the newest first, and where the next page begins.

    Raises:
        NotBound, NotFound.
    """
    reader = await record_access.read_branch(ctx, branch_id)
    rows = Record.filter(branch_id=reader.branch.id).order_by("-id")
    if not reader.writes:
        rows = rows.filter(Q(status=RecordStatus.SIGNED) | Q(template=TALK))
    for name, value in (("year", year), ("template", template), ("status", status)):
        rows = rows.filter(**{name: value}) if value is not None else rows
    found: list[Shown] = []
    while len(found) <= limit:
        page = await (rows.filter(id__lt=cursor) if cursor else rows).limit(limit + 1)
        for row in page:
            form = handbook().templates[row.template]
            values = record_seals.opened(ctx.settings.secret_key, row)
            if record_access.may_see(reader, form, row, values):
                found.append(_shown(ctx, reader, form, row, values))
        if len(page) <= limit:
            break
        cursor = page[-1].id
    more = len(found) > limit
    return found[:limit], found[limit - 1].record.id if more else None


async def save(ctx: Context, *, record_id: int, revision: int, values: Mapping[str, Any]) -> Shown:
    """Save some fields of a draft; the others stay. Saying what is there already is no change.

    Raises:
        NotBound, NotFound, NotYourBranch.
        BadInput: a value its field can't hold; nothing is saved.
        WrongState: it is signed; what is signed is corrected.
        StaleVersion: somebody saved since `revision`; these values are set aside.
        AlreadyRecorded.
    """
    reader, form, row = await _writable(ctx, record_id)
    given = _own_fields(ctx, reader, form, row, clean(form, values, await record_terms.for_record(ctx, row)))
    before = record_seals.opened(ctx.settings.secret_key, row)
    if row.status is not RecordStatus.DRAFT:
        raise WrongState
    if all(before.get(key) == value for key, value in given.items()):
        return _shown(ctx, reader, form, row)
    if row.revision == revision:
        try:
            async with in_transaction():
                await _advance(ctx, form, row, {**before, **given})
                await audit.record(
                    ctx, "record.saved", f"record:{row.id}", revision=row.revision, fields=sorted(given)
                )
            return _shown(ctx, reader, form, row)
        except StaleVersion:
            pass
    await _set_aside(ctx, reader, form, row, revision, given)
    raise StaleVersion


async def examine(ctx: Context, *, record_id: int) -> tuple[Shown, list[Problem]]:
    """Everything that is to be said about a record as it stands, what blocks first; nothing is changed.

    Raises:
        NotBound, NotFound, NotYourBranch.
    """
    reader, form, row = await _writable(ctx, record_id)
    values = record_seals.opened(ctx.settings.secret_key, row)
    facts = await record_facts.gather(ctx, reader.branch, record=row)
    computed = compute(form, values, facts)
    closed = record_access.hidden(reader, form, row, values)
    shown = _shown(ctx, reader, form, row, {**values, **computed})
    return shown, [one for one in check(form, values, facts) if one.field.split(".")[0] not in closed]


async def sign(ctx: Context, *, record_id: int, revision: int, seen: bool = False) -> Shown:
    """Sign a draft: its first version. What blocks refuses, all of it at once; hints need to be seen.

    Raises:
        NotBound, NotFound.
        NotYourBranch: the caller doesn't work for the branch.
        WrongState: it is signed already.
        RecordBlocked, WarningsUnseen.
        StaleVersion: somebody saved since `revision`.
    """
    reader, form, row = await _signable(ctx, record_id)
    if row.status is not RecordStatus.DRAFT:
        raise WrongState
    if row.revision != revision:
        raise StaleVersion
    if row.is_exercise:
        raise RecordBlocked([("", EXERCISE)])
    values = await _judged(ctx, reader, form, row, seen=seen)
    async with in_transaction():
        await _advance(ctx, form, row, values, status=RecordStatus.SIGNED, version=1, signed_at=ctx.now())
        digest = await _add_version(ctx, reader, form, row, values, reason="")
        await audit.record(
            ctx, "record.signed", f"record:{row.id}", version=1, late=row.is_late, digest=digest
        )
        await record_follow_ups.after_signing(ctx, form, row, values)
    return _shown(ctx, reader, form, row)


async def correct(
    ctx: Context, *, record_id: int, version: int, reason: str, values: Mapping[str, Any], seen: bool = False
) -> Shown:
    """Correct what is signed: the next version, with a reason. The earlier ones stay as they are.

    Raises:
        NotBound, NotFound, NotYourBranch.
        BadInput: no reason, a value its field can't hold, or nothing that differs.
        WrongState: it isn't signed yet.
        StaleVersion: somebody corrected it since `version`.
        RecordBlocked, WarningsUnseen, AlreadyRecorded.
    """
    reason = one_line(reason, longest=LONGEST_REASON, field="reason")
    reader, form, row = await _signable(ctx, record_id)
    if row.status is not RecordStatus.SIGNED:
        raise WrongState
    given = _own_fields(ctx, reader, form, row, clean(form, values, await record_terms.for_record(ctx, row)))
    before = record_seals.opened(ctx.settings.secret_key, row)
    if row.version != version:
        raise StaleVersion
    if all(before.get(key) == value for key, value in given.items()):
        raise BadInput(values="没有改动任何内容，不用更正")
    after = await _judged(ctx, reader, form, row, seen=seen, values={**before, **given})
    async with in_transaction():
        await _advance(ctx, form, row, after, version=version + 1)
        digest = await _add_version(ctx, reader, form, row, after, reason=reason)
        await audit.record(
            ctx, "record.corrected", f"record:{row.id}",
            version=row.version, fields=sorted(given), digest=digest,
        )  # fmt: skip
    return _shown(ctx, reader, form, row)


async def restore_vote(ctx: Context, *, record_id: int) -> Shown:
    """Give back the vote that a probation within the party took; only a person does that (党章第四十一条).

    Raises:
        NotBound, NotFound, NotYourBranch.
        WrongState: it is no signed probation, or the vote was given back before.
    """
    reader, form, row = await _signable(ctx, record_id)
    if (
        row.status is not RecordStatus.SIGNED
        or row.template != "T20"
        or (record_seals.opened(ctx.settings.secret_key, row).get("item") != record_facts.PROBATION)
    ):
        raise WrongState
    async with in_transaction():
        mine = Record.filter(id=row.id, vote_restored_on=None)
        if not await mine.update(vote_restored_on=ctx.now().date()):
            raise WrongState
        await audit.record(ctx, "record.vote_restored", f"record:{row.id}", by=reader.person.id)
    row.vote_restored_on = ctx.now().date()
    return _shown(ctx, reader, form, row)


async def discard(ctx: Context, *, record_id: int) -> None:
    """Throw a draft away; what was signed stays.

    Raises:
        NotBound, NotFound, NotYourBranch, WrongState.
    """
    _, _, row = await _signable(ctx, record_id)
    async with in_transaction():
        if not await Record.filter(id=row.id, status=RecordStatus.DRAFT).delete():
            raise WrongState
        await audit.record(ctx, "record.discarded", f"record:{row.id}", template=row.template)


async def history(ctx: Context, *, record_id: int) -> tuple[Shown, list[Version]]:
    """The signed versions, the newest first.

    Raises:
        NotBound, NotFound.
    """
    reader, form, row = await _find(ctx, record_id)
    rows = await RecordVersion.filter(record_id=row.id).order_by("-number").select_related("signed_by")
    secret = ctx.settings.secret_key
    versions = []
    for one in rows:
        sees = record_seals.intact(secret, one)
        values = record_seals.opened(secret, one) if sees else {}
        versions.append(Version(one, record_access.shown(reader, form, row, values), sees))
    return _shown(ctx, reader, form, row), versions


async def set_asides(ctx: Context, *, record_id: int) -> list[SetAside]:
    """What came too late and waits for a decision, the oldest first.

    Raises:
        NotBound, NotFound, NotYourBranch.
    """
    reader, form, row = await _writable(ctx, record_id)
    rows = await RecordSetAside.filter(record_id=row.id).order_by("id").select_related("by")
    values = record_seals.opened(ctx.settings.secret_key, row)
    closed = record_access.hidden(reader, form, row, values)
    return [
        SetAside(one, {key: value for key, value in opened.items() if key not in closed})
        for one in rows
        if (opened := record_seals.opened(ctx.settings.secret_key, one)) is not None
    ]


async def settle(ctx: Context, *, record_id: int, set_aside_id: int, take: bool) -> Shown:
    """Take over what was set aside, or let it go.

    Raises:
        NotBound, NotFound, NotYourBranch, WrongState, AlreadyRecorded.
        StaleVersion: somebody saved this very moment.
    """
    reader, form, row = await _writable(ctx, record_id)
    one = await RecordSetAside.get_or_none(id=set_aside_id, record_id=row.id)
    if one is None:
        raise NotFound
    if take and row.status is not RecordStatus.DRAFT:
        raise WrongState
    wanted = record_seals.opened(ctx.settings.secret_key, one)
    if take:
        wanted = _own_fields(ctx, reader, form, row, wanted)
    async with in_transaction():
        if not await RecordSetAside.filter(id=one.id).delete():
            raise NotFound
        if take:
            before = record_seals.opened(ctx.settings.secret_key, row)
            await _advance(ctx, form, row, {**before, **wanted})
        verb = "record.set_aside_taken" if take else "record.set_aside_dropped"
        await audit.record(ctx, verb, f"record:{row.id}", set_aside=one.id, revision=row.revision)
    return _shown(ctx, reader, form, row)


async def show_writable(ctx: Context, *, record_id: int) -> Shown:
    """One record for somebody who writes at it.

    Raises:
        NotBound, NotFound, NotYourBranch.
    """
    reader, form, row = await _writable(ctx, record_id)
    return _shown(ctx, reader, form, row)


async def add_paper(ctx: Context, shown: Shown, place: str, name: str) -> None:
    """Name a file in its field, in the caller's transaction.

    Raises:
        StaleVersion: somebody saved this very moment.
    """
    before = record_seals.opened(ctx.settings.secret_key, shown.record)
    papers = list(_papers(before, place))
    await _advance(ctx, shown.template, shown.record, _with(before, place, [*papers, name]))


async def remove_paper(ctx: Context, shown: Shown, place: str, name: str) -> None:
    """Take a file's name out of its field, in the caller's transaction.

    Raises:
        StaleVersion: somebody saved this very moment.
    """
    before = record_seals.opened(ctx.settings.secret_key, shown.record)
    papers = [one for one in _papers(before, place) if one != name]
    await _advance(ctx, shown.template, shown.record, _with(before, place, papers))


def _papers(values: Values, place: str) -> list[str]:
    key, _, column = place.partition(".")
    if column:
        return list((values.get(key) or {}).get(column) or [])
    return list(values.get(key) or [])


def _with(values: Values, place: str, papers: list[str]) -> Values:
    key, _, column = place.partition(".")
    return {**values, key: {**(values.get(key) or {}), column: papers} if column else papers}


def clean(form: Template, values: Mapping[str, Any], district: District) -> Values:
    """Values as they are kept; null empties a field. Computed fields are passed over: nobody types them.

    Raises:
        BadInput: for each field a sentence.
    """
    fields = {field.key: field for field in form.fields}

    def options(field: Field) -> tuple[str, ...]:
        return tuple(getattr(district, field.options_from)) if field.options_from else field.options

    bad = {key: "这个模板没有这个栏目，请去掉" for key in values if key not in fields}
    found: Values = {}
    for key, value in values.items():
        field = fields.get(key)
        if field is None or field.computed:
            continue
        try:
            found[key] = stored(field, read(field, value, options))
        except BadValue as error:
            bad[f"{key}.{error.place}" if error.place else key] = f"{field.label}：{error.sentence}。"
        except (TypeError, ValueError, RecursionError):
            bad[key] = f"{field.label}：内容不对，请重新填写。"
    if bad:
        raise BadInput(**bad)
    return found


def stored(field: Field, value: Any) -> Any:
    """A read value as JSON keeps it, so that it is read again as the same: a month without a day."""
    if value is None:
        return None
    match field.kind:
        case Kind.MONTH:
            return f"{value:%Y-%m}"
        case Kind.MONTHS:
            return [f"{month:%Y-%m}" for month in value]
        case Kind.GROUP:
            columns = ((one, value.get(one.key)) for one in field.columns)
            return {one.key: stored(one, part) for one, part in columns if part is not None}
        case Kind.ROWS:
            group = replace(field, kind=Kind.GROUP)
            return [stored(group, row) for row in value]
    return plain(value)


def keyed(ctx: Context, key: bytes) -> str:
    """A record's natural key, as the database may know it: nobody reads an id number out of it."""
    return record_subjects.keyed(ctx.settings.secret_key, key)


async def _judged(
    ctx: Context, reader: Reader, form: Template, row: Record, *, seen: bool, values: Values | None = None
) -> Values:
    """The values with what is computed of them, once nothing speaks against signing."""
    if values is None:
        values = record_seals.opened(ctx.settings.secret_key, row)
    facts = await record_facts.gather(ctx, reader.branch, record=row)
    typed = {key: value for key, value in values.items() if not form.field(key).computed}
    found = check(form, typed, facts)
    if blocking := [one for one in found if one.level == "block"]:
        raise RecordBlocked([(one.field, told(one)) for one in blocking])
    if not seen and (hints := [one for one in found if one.level == "warn"]):
        raise WarningsUnseen([(one.field, told(one)) for one in hints])
    return {**typed, **compute(form, typed, facts)}


def told(problem: Problem) -> str:
    """A problem with its basis, in one sentence."""
    return f"{problem.message}（{problem.rule}）" if problem.rule else problem.message


async def _advance(ctx: Context, form: Template, row: Record, values: Values, **also: Any) -> None:
    """Write the next revision if nobody was quicker; the database decides.

    Raises:
        StaleVersion, AlreadyRecorded.
    """
    mine = Record.filter(id=row.id, revision=row.revision, version=row.version)
    _fill(ctx, form, row, values, await record_terms.for_record(ctx, row))
    row.revision += 1
    row.saved_at = ctx.now()
    for name, value in also.items():
        setattr(row, name, value)
    names = (
        "values",
        "sealed",
        "held_on",
        "year",
        "period",
        "is_late",
        "subject",
        "revision",
        "saved_at",
        *also,
    )
    try:
        async with in_transaction():
            changed = await mine.update(**{name: getattr(row, name) for name in names})
    except IntegrityError:
        raise AlreadyRecorded from None
    if not changed:
        raise StaleVersion


def _fill(ctx: Context, form: Template, row: Record, values: Values, district: District) -> None:
    """Put values into a row, with what is read out of them."""
    zone, today = ctx.settings.zone, ctx.now().date()
    values = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    kept = record_seals.keep(ctx.settings.secret_key, form, values)
    row.values, row.sealed = kept.values, kept.sealed
    row.held_on = record_days.day_of(form, values, zone)
    row.year = record_days.year_of(values, row.held_on, row.created_at.astimezone(zone).date())
    row.period = record_days.period_of(form, values, row.held_on, today)
    entered_on = row.created_at.astimezone(zone).date()
    row.is_late = record_days.is_late(form, row.held_on, entered_on, after=district.late_days)
    natural = record_days.natural_key(form, values)
    if natural is not None and not row.is_exercise:
        row.subject = keyed(ctx, natural)
    elif form.code in record_days.NATURAL:
        row.subject = None


async def _add_version(
    ctx: Context, reader: Reader, form: Template, row: Record, values: Values, *, reason: str
) -> str:
    """Write a version that stands; its digest, which the audit chain keeps too."""
    values = {key: value for key, value in values.items() if value not in (None, "", [], {})}
    kept = record_seals.keep(ctx.settings.secret_key, form, values)
    await RecordVersion.create(
        record_id=row.id, number=row.version, values=kept.values, sealed=kept.sealed, digest=kept.digest,
        reason=reason, signed_by_id=reader.person.id, signed_at=ctx.now(),
    )  # fmt: skip
    return kept.digest


async def _set_aside(
    ctx: Context, reader: Reader, form: Template, row: Record, revision: int, given: Values
) -> None:
    """Keep what came too late, once; the oldest makes room where there are very many."""
    kept = record_seals.keep(ctx.settings.secret_key, form, given)
    mine = RecordSetAside.filter(record_id=row.id, by_id=reader.person.id).order_by("-id")
    there = await mine.limit(MOST_SET_ASIDE)
    if any(record_seals.opened(ctx.settings.secret_key, one) == given for one in there):
        return
    async with in_transaction():
        if len(there) == MOST_SET_ASIDE:
            await RecordSetAside.filter(id=there[-1].id).delete()
        one = await RecordSetAside.create(
            record_id=row.id, based_on=revision, values=kept.values, sealed=kept.sealed,
            by_id=reader.person.id, at=ctx.now(),
        )  # fmt: skip
        await audit.record(ctx, "record.set_aside", f"record:{row.id}", set_aside=one.id, based_on=revision)


async def _find(ctx: Context, record_id: int) -> tuple[Reader, Template, Record]:
    await require_person(ctx)
    row = await Record.get_or_none(id=record_id)
    if row is None:
        raise NotFound
    reader = await record_access.read_branch(ctx, row.branch_id)
    form = handbook().templates[row.template]
    if not record_access.may_see(reader, form, row, record_seals.opened(ctx.settings.secret_key, row)):
        raise NotFound
    return reader, form, row


async def _writable(ctx: Context, record_id: int) -> tuple[Reader, Template, Record]:
    reader, form, row = await _find(ctx, record_id)
    if not record_access.may_write(reader, form, record_seals.opened(ctx.settings.secret_key, row)):
        raise NotYourBranch
    return reader, form, row


async def _signable(ctx: Context, record_id: int) -> tuple[Reader, Template, Record]:
    if not await record_access.branches_worked_for(await require_person(ctx)):
        raise NotYourBranch
    reader, form, row = await _find(ctx, record_id)
    if not reader.writes:
        raise NotYourBranch
    return reader, form, row


def _own_fields(ctx: Context, reader: Reader, form: Template, row: Record, given: Values) -> Values:
    """What this writer may write at.

    Raises:
        BadInput: a field that isn't theirs to read, or somebody else's name put in the place of their own.
    """
    values = record_seals.opened(ctx.settings.secret_key, row)
    closed = record_access.hidden(reader, form, row, values)
    bad = {key: "谈话内容只由谈话双方和书记填写和查看。" for key in given if key in closed}
    if not reader.writes:
        bad |= {
            key: "谈话双方请由支部修改。" for key in TALKERS if key in given and given[key] != values.get(key)
        }
    if bad:
        raise BadInput(**bad)
    return given


def _shown(ctx: Context, reader: Reader, form: Template, row: Record, values: Values | None = None) -> Shown:
    if values is None:
        values = record_seals.opened(ctx.settings.secret_key, row)
    closed = record_access.hidden(reader, form, row, values)
    return Shown(
        record=row,
        template=form,
        values={key: value for key, value in values.items() if key not in closed},
        hidden=frozenset(key for key in closed if key in values),
        may_write=record_access.may_write(reader, form, values),
        may_sign=reader.writes,
        reader=reader,
    )
