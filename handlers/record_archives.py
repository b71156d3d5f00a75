"""A branch's year as one file, and back: identical after the round trip, versions, files and all.

What is sealed stays sealed in the file, so it shows nothing to whom it is shown. It is signed with the
service's secret: a file that somebody wrote at isn't taken back, since history would be rewritten by it.
Record ids stay the same, because records refer to each other by them.
"""

import asyncio
import base64
import hashlib
import hmac
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from pydantic import SecretStr
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import audit, record_access, record_seals, record_subjects, seals, secret_rotation
from handlers.audit import canonical
from handlers.context import Context
from handlers.errors import BadInput
from handlers.template_content import handbook
from models import Record, RecordAttachment, RecordStatus, RecordVersion

FORMAT = 1
MOST_BYTES = 64 * 1024 * 1024
MOST_UNPACKED = 256 * 1024 * 1024
BODY, SIGNATURE = "records.json", "signature.txt"
EPOCH = (1980, 1, 1, 0, 0, 0)
"""Every entry's time in the file: the same content is the same file."""
RECORD_FIELDS = (
    "id", "template", "period", "year", "subject", "held_on", "status", "values", "sealed", "revision",
    "version", "is_late", "is_exercise", "booking_id", "rehearsal_id", "created_by_id", "created_at",
    "saved_at", "signed_at", "vote_restored_on",
)  # fmt: skip
VERSION_FIELDS = ("number", "values", "sealed", "digest", "reason", "signed_by_id", "signed_at")
FILE_FIELDS = ("field", "name", "media", "size", "sha256", "by_id", "at")
MOMENTS = ("created_at", "saved_at", "signed_at", "at")
DAYS = ("held_on", "vote_restored_on")
NEXT_ID = "SELECT setval(pg_get_serial_sequence('records', 'id'), (SELECT max(id) FROM records))"
"""PostgreSQL doesn't count ids that were given; SQLite does."""
NOT_OURS = (
    "这个文件不是本系统导出的、被改动过，或是系统更换密钥以前导出的，不能导入。"
    "请用原来导出的文件；换密钥以前导出的，请联系系统管理员"
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What an archive came to."""

    restored: int
    already: int
    dry_run: bool


async def export(ctx: Context, *, year: int, branch_id: int | None = None) -> tuple[str, bytes]:
    """A branch's records of a year as a zip: its name and its bytes.

    Raises:
        NotBound, NotFound, NotYourBranch.
    """
    reader = await record_access.write_branch(ctx, branch_id)
    rows = await Record.filter(branch_id=reader.branch.id, year=year).order_by("id")
    files: dict[str, bytes] = {}
    told = [await _told(row, files) for row in rows]
    body = canonical({"format": FORMAT, "branch": reader.branch.code, "year": year, "records": told})
    content = await asyncio.to_thread(_packed, ctx.settings.secret_key.get_secret_value(), body, files)
    await audit.record(ctx, "records.exported", f"branch:{reader.branch.id}", year=year, count=len(rows))
    return f"{reader.branch.code}-{year}-支部手册.zip", content


async def restore(
    ctx: Context, *, content: bytes, branch_id: int | None = None, dry_run: bool = False
) -> Restored:
    """Bring back what an archive holds and is gone; what is there must be the same, or nothing is done.

    Raises:
        NotBound, NotFound, NotYourBranch.
        BadInput: no archive of ours, of another branch, or one that disagrees with what is there.
    """
    reader = await record_access.write_branch(ctx, branch_id)
    body, files = await asyncio.to_thread(_unpacked, ctx.settings.secret_keys, content)
    if body["branch"] != reader.branch.code:
        raise BadInput(file="这是另一个支部的档案，不能导入到您的支部")
    missing = [one for one in body["records"] if not await _is_there(reader.branch.id, one)]
    already = len(body["records"]) - len(missing)
    secret, *previous = ctx.settings.secret_keys
    if previous:
        sources = await _sources(reader.branch.id, body["records"])
        try:
            await asyncio.to_thread(_put_under, secret, previous[0], missing, files, sources)
        except seals.Unreadable as error:
            raise BadInput(file=NOT_OURS) from error
    if missing and not dry_run:
        try:
            async with in_transaction() as connection:
                for one in missing:
                    await _bring_back(reader.branch.id, one, files)
                if connection.capabilities.dialect != "sqlite":
                    await connection.execute_query(NEXT_ID)
                await audit.record(
                    ctx,
                    "records.restored",
                    f"branch:{reader.branch.id}",
                    year=body["year"],
                    count=len(missing),
                )
        except IntegrityError as error:
            raise BadInput(file=_DISAGREES) from error
    return Restored(len(missing), already, dry_run)


_DISAGREES = "档案里的记录和系统里现有的对不上，没有导入任何内容。请联系系统管理员核对"


async def _told(row: Record, files: dict[str, bytes]) -> dict[str, Any]:
    versions = await RecordVersion.filter(record_id=row.id).order_by("number")
    attachments = await RecordAttachment.filter(record_id=row.id).order_by("id")
    for file in attachments:
        files[_place(row.id, file.field, file.sha256)] = bytes(file.content)
    return {
        **_plain(row, RECORD_FIELDS),
        "versions": [_plain(one, VERSION_FIELDS) for one in versions],
        "attachments": [_plain(one, FILE_FIELDS) for one in attachments],
    }


def _plain(row: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: _value(getattr(row, name)) for name in names}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def _place(record_id: int, field: str, sha256: str) -> str:
    return f"files/{record_id}/{field}/{sha256}"


def _packed(secret: str, body: bytes, files: Mapping[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        parts = {BODY: body, **dict(sorted(files.items())), SIGNATURE: _signed(secret, body, files).encode()}
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return stream.getvalue()


async def _sources(branch_id: int, told: list[dict[str, Any]]) -> dict[str, list[int]]:
    """The records that others may follow from, those of the archive among them."""
    there = await secret_rotation.followed_by(branch_id)
    codes = {one["template"] for one in told}
    return {
        code: [*there.get(code, ()), *(one["id"] for one in told if one["template"] == code)]
        for code in codes | set(there)
    }


def _put_under(
    secret: SecretStr,
    previous: SecretStr,
    told: list[dict[str, Any]],
    files: dict[str, bytes],
    sources: Mapping[str, list[int]],
) -> None:
    """Of an archive made under the previous secret: its seals and subjects under the one in force."""
    renewal = record_subjects.Renewal(secret, previous, sources)
    for one in told:
        for part in (one, *one["versions"]):
            part["sealed"] = record_seals.renewed(secret, previous, part["sealed"]) or part["sealed"]
        if one["subject"] is not None:
            values = record_seals.whole(secret, one["values"], one["sealed"])
            form = handbook().templates[one["template"]]
            one["subject"] = renewal.of(one["subject"], form, values) or one["subject"]
        for file in one["attachments"]:
            place = _place(one["id"], file["field"], file["sha256"])
            files[place] = seals.renewed(secret, previous, files[place]) or files[place]


def _unpacked(secrets: Sequence[SecretStr], content: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    if len(content) > MOST_BYTES:
        raise BadInput(file="文件太大，请确认是本系统导出的档案")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(part.file_size for part in archive.infolist()) > MOST_UNPACKED:
                raise BadInput(file="文件展开后过大，请确认是本系统导出的档案")
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise BadInput(file=NOT_OURS) from error
    body, signature = parts.pop(BODY, b""), parts.pop(SIGNATURE, b"")
    signed = (_signed(secret.get_secret_value(), body, parts).encode() for secret in secrets)
    if not any(hmac.compare_digest(one, signature) for one in signed):
        raise BadInput(file=NOT_OURS)
    told: dict[str, Any] = json.loads(body)
    return told, parts


def _signed(secret: str, body: bytes, files: Mapping[str, bytes]) -> str:
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    whole = canonical({"body": hashlib.sha256(body).hexdigest(), "files": sums})
    mac = hmac.new(secret.encode(), b"record archive:" + whole, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).decode()


async def _is_there(branch_id: int, one: dict[str, Any]) -> bool:
    """Whether a record is there as the archive has it.

    Raises:
        BadInput: it is there and says something else.
    """
    row = await Record.get_or_none(id=one["id"])
    if row is None:
        return False
    versions = await RecordVersion.filter(record_id=row.id).order_by("number")
    now = [version.digest for version in versions]
    then = [version["digest"] for version in one["versions"]]
    same = row.branch_id == branch_id and row.template == one["template"] and now[: len(then)] == then
    if not same:
        raise BadInput(file=_DISAGREES)
    return True


async def _bring_back(branch_id: int, one: dict[str, Any], files: Mapping[str, bytes]) -> None:
    row = _read(one, RECORD_FIELDS)
    row["status"] = RecordStatus(row["status"])
    record = Record(branch_id=branch_id, **row)
    record._custom_generated_pk = True
    await record.save(force_create=True)
    for version in one["versions"]:
        await RecordVersion.create(record_id=record.id, **_read(version, VERSION_FIELDS))
    for file in one["attachments"]:
        content = files[_place(record.id, file["field"], file["sha256"])]
        await RecordAttachment.create(record_id=record.id, content=content, **_read(file, FILE_FIELDS))


def _read(told: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    found = {}
    for name in names:
        value = told[name]
        if value is not None and name in MOMENTS:
            value = datetime.fromisoformat(value)
        elif value is not None and name in DAYS:
            value = date.fromisoformat(value)
        found[name] = value
    return found
