"""What a signed record brings about: drafts of the records that follow. Nothing is signed by itself."""

from handlers import audit, record_access, record_facts, record_prefill, record_subjects, record_terms
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import AlreadyRecorded, NotFound, NotYourBranch, WrongState
from handlers.record_prefill import CARRIED, due_at
from handlers.record_seals import Values
from handlers.template_content import Template, handbook
from models import Organization, Record, RecordStatus


async def after_signing(ctx: Context, form: Template, row: Record, values: Values) -> None:
    """In the transaction of the signature: a committee's matters for the assembly become its draft."""
    if form.code != "T06" or not values.get("to_assembly"):
        return
    branch = await Organization.get(id=row.branch_id)
    known = await record_prefill.prefill(ctx, handbook().templates["T05"], branch, source_id=row.id)
    draft = await _draft(ctx, "T05", row, known.values, key=record_subjects.follows(row.id))
    if draft is not None:
        await audit.record(ctx, "record.followed", f"record:{row.id}", draft=draft.id, template="T05")


async def hours(ctx: Context, *, record_id: int) -> list[Record]:
    """Drafts of T17 for everybody who came to a signed lecture or party day; who has one gets no second.

    Raises:
        NotBound, NotFound, NotYourBranch.
        WrongState: it isn't signed, or no meeting whose hours are taken over.
    """
    if not await record_access.branches_worked_for(await require_person(ctx)):
        raise NotYourBranch
    row = await Record.get_or_none(id=record_id)
    if row is None:
        raise NotFound
    reader = await record_access.write_branch(ctx, row.branch_id)
    if row.status is not RecordStatus.SIGNED or row.template not in CARRIED or row.is_exercise:
        raise WrongState
    form = handbook().templates["T17"]
    facts = await record_facts.gather(ctx, reader.branch)
    source = facts.find(row.id)
    if source is None:
        raise WrongState
    away = {one.get("person_id") for one in source.values.get("absentees") or ()}
    known = await record_prefill.prefill(ctx, form, reader.branch, source_id=row.id)
    made = []
    for person_id in sorted(due_at(row.template, facts, {}) - away):
        key = record_subjects.hours(person_id, row.id)
        draft = await _draft(ctx, "T17", row, {**known.values, "member_id": person_id}, key=key)
        made += [draft] if draft is not None else []
    return made


async def _draft(ctx: Context, code: str, origin: Record, values: Values, *, key: bytes) -> Record | None:
    """One draft that follows from `origin`; None where it was made before."""
    from handlers import records  # Records sign and then follow; what follows is a record again.

    form = handbook().templates[code]
    draft = Record(
        branch_id=origin.branch_id, template=code, created_at=ctx.now(), saved_at=ctx.now(),
        created_by_id=ctx.caller.person.id if ctx.caller.person else None,
    )  # fmt: skip
    try:
        await records.insert(
            ctx, form, draft, records.clean(form, values, await record_terms.in_force(ctx)), key=key
        )
    except AlreadyRecorded:
        return None
    return draft
