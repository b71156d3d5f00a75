"""Files behind a record: known by their content, sealed, and never asked for (影像资料 is optional)."""

import asyncio
import hashlib
import io
import zipfile

from tortoise.exceptions import IntegrityError
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, record_access, records, seals
from handlers.context import Context
from handlers.errors import BadInput, NotFound, StaleVersion, WrongState
from handlers.lines import one_line
from handlers.template_content import Field, Kind, Template
from models import Record, RecordAttachment, RecordStatus

LARGEST = 20 * 1024 * 1024
"""Bytes (handbook, T08: 讲稿≤20 MB)."""
MOST = 40
"""Files of one record."""
TRIES = 3
LONGEST_NAME = 60
PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SUFFIXES = {PDF: ".pdf", JPEG: ".jpg", PNG: ".png", DOCX: ".docx"}
WRONG_TYPE = "只收 PDF、JPG、PNG 和 Word（.docx）文件，请转成其中一种再上传"
TOO_LARGE = "文件超过 20 MB，请压缩后再上传"
COLUMNS = ("id", "record_id", "field", "name", "media", "size", "by_id", "at", "sha256")
"""All but the content, which nobody needs to list them."""


async def attach(ctx: Context, *, record_id: int, field: str, name: str, content: bytes) -> RecordAttachment:
    """Put a file behind a field of a draft; the same file again is the one that is there.

    A page may save a field at the same moment: then it is tried again on what was saved.

    Raises:
        NotBound, NotFound, NotYourBranch.
        BadInput: no such field, or a file that can't be taken.
        WrongState: the record is signed.
        StaleVersion: others save all the time.
    """
    for _ in range(TRIES - 1):
        try:
            return await _attach(ctx, record_id, field, name, content)
        except StaleVersion:
            continue
    return await _attach(ctx, record_id, field, name, content)


async def _attach(ctx: Context, record_id: int, field: str, name: str, content: bytes) -> RecordAttachment:
    shown = await records.show_writable(ctx, record_id=record_id)
    _check_place(shown.template, field)
    if field.split(".")[0] in shown.hidden:
        raise NotFound
    if shown.record.status is not RecordStatus.DRAFT:
        raise WrongState
    media = await asyncio.to_thread(kind_of, content)
    title = file_name(name, media)
    digest = hashlib.sha256(content).hexdigest()
    there = await _listed(shown.record).filter(field=field, sha256=digest).first()
    if there is not None:
        return there
    if await RecordAttachment.filter(record_id=record_id).count() >= MOST:
        raise BadInput(file=f"一份记录最多放 {MOST} 个文件")
    sealed = await asyncio.to_thread(seals.seal, ctx.settings.secret_key, content)
    row = RecordAttachment(
        record_id=record_id, field=field, name=title, media=media, size=len(content), sha256=digest,
        content=sealed, by_id=shown.reader.person.id, at=ctx.now(),
    )  # fmt: skip
    try:
        async with in_transaction():
            await records.add_paper(ctx, shown, field, title)
            await row.save()
            await audit.record(
                ctx, "record.attached", f"record:{record_id}", attachment=row.id, size=row.size, sha256=digest
            )
    except IntegrityError:  # The same file came twice at once.
        return await _listed(shown.record).get(field=field, sha256=digest)
    return row


async def list_attachments(ctx: Context, *, record_id: int) -> list[RecordAttachment]:
    """The files behind the fields that the caller sees, without their content.

    Raises:
        NotBound, NotFound.
    """
    shown = await records.show(ctx, record_id=record_id)
    rows = await _listed(shown.record).order_by("id")
    closed = record_access.hidden(shown.reader, shown.template, shown.record, shown.values)
    return [row for row in rows if row.field.split(".")[0] not in closed]


async def read(ctx: Context, *, record_id: int, attachment_id: int) -> tuple[RecordAttachment, bytes]:
    """One file with its content.

    Raises:
        NotBound, NotFound.
    """
    if attachment_id not in [row.id for row in await list_attachments(ctx, record_id=record_id)]:
        raise NotFound
    row = await RecordAttachment.get(id=attachment_id)
    return row, await asyncio.to_thread(seals.unseal, ctx.settings.secret_key, bytes(row.content))


async def detach(ctx: Context, *, record_id: int, attachment_id: int) -> None:
    """Take a file away from a draft.

    Raises:
        NotBound, NotFound, NotYourBranch.
        WrongState: the record is signed.
    """
    shown = await records.show_writable(ctx, record_id=record_id)
    if shown.record.status is not RecordStatus.DRAFT:
        raise WrongState
    row = await _listed(shown.record).get_or_none(id=attachment_id)
    if row is None or row.field.split(".")[0] in shown.hidden:
        raise NotFound
    async with in_transaction():
        await records.remove_paper(ctx, shown, row.field, row.name)
        await RecordAttachment.filter(id=row.id).delete()
        await audit.record(ctx, "record.detached", f"record:{record_id}", attachment=row.id)


def kind_of(content: bytes) -> str:
    """The media type by what the file says itself; its name counts for nothing.

    Raises:
        BadInput: empty, too large, or none of the kinds that are taken.
    """
    if not content:
        raise BadInput(file="文件是空的，请重新选择")
    if len(content) > LARGEST:
        raise BadInput(file=TOO_LARGE)
    if content.startswith(b"%PDF-"):
        return PDF
    if content.startswith(b"\xff\xd8\xff"):
        return JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if content.startswith(b"PK\x03\x04") and _is_docx(content):
        return DOCX
    raise BadInput(file=WRONG_TYPE)


def _is_docx(content: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False
    has_macro = any(name.endswith("vbaProject.bin") for name in names)
    return {"[Content_Types].xml", "word/document.xml"} <= names and not has_macro


def file_name(name: str, media: str) -> str:
    """A name for the file: no path, no control characters, and the ending of what it is.

    Raises:
        BadInput: nothing is left of it, or it is too long.
    """
    bare = name.replace("\\", "/").rpartition("/")[2]
    bare = "".join(char for char in bare if char.isprintable() and char not in '<>:"|?*')
    stem = bare.rpartition(".")[0] if "." in bare else bare
    return one_line(stem or "附件", longest=LONGEST_NAME, field="name") + SUFFIXES[media]


def paper_fields(form: Template) -> dict[str, Field]:
    """Where files may be put: every field of papers, by its place (`script`, `proof.papers`)."""
    found = {field.key: field for field in form.fields if field.kind is Kind.PAPERS}
    for field in form.fields:
        if field.kind is Kind.GROUP:
            inner = [column for column in field.columns if column.kind is Kind.PAPERS]
            found |= {f"{field.key}.{column.key}": column for column in inner}
    return found


def _check_place(form: Template, field: str) -> None:
    if field not in paper_fields(form):
        raise BadInput(field="这一栏不能放文件，请从有附件的栏目里选")


def _listed(record: Record) -> QuerySet[RecordAttachment]:
    return RecordAttachment.filter(record_id=record.id).only(*COLUMNS)
