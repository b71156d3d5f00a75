"""What a record says, split into what the database may show and what is sealed, and put together again."""

import base64
import hashlib
import json
import secrets
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from tortoise.transactions import in_transaction

from handlers import audit, record_subjects, seals
from handlers.audit import canonical
from handlers.context import Context
from handlers.locks import hold
from handlers.record_subjects import FOLLOWED
from handlers.template_content import Field, Template, handbook
from models import Record, RecordAttachment, RecordSetAside, RecordVersion

Values = dict[str, Any]
SALT = "salt"
BATCH = 200


@dataclass(frozen=True, slots=True)
class Kept:
    """Values as a row keeps them. `digest` is over all of them with the salt that is sealed."""

    values: Values
    sealed: str
    digest: str


def is_sealed(field: Field) -> bool:
    """Whether a field's value is kept sealed: it, or a column of it, isn't for everybody."""
    return field.sensitive or any(is_sealed(column) for column in field.columns)


def keep(secret: SecretStr, template: Template, values: Mapping[str, Any]) -> Kept:
    """Values, split and sealed."""
    hidden = {field.key for field in template.fields if is_sealed(field)}
    shown = {key: value for key, value in values.items() if key not in hidden}
    closed = {key: value for key, value in values.items() if key in hidden}
    inner = {SALT: secrets.token_hex(16), "values": closed}
    sealed = base64.urlsafe_b64encode(seals.seal(secret, canonical(inner))).decode()
    return Kept(shown, sealed, _digest(shown, inner))


def opened(secret: SecretStr, row: Record | RecordVersion | RecordSetAside) -> Values:
    """Everything a row says.

    Raises:
        seals.Unreadable.
    """
    return {**row.values, **_inner(secret, row.sealed)["values"]}


def intact(secret: SecretStr, version: RecordVersion) -> bool:
    """Whether a version still says what was signed."""
    try:
        return _digest(version.values, _inner(secret, version.sealed)) == version.digest
    except (seals.Unreadable, ValueError, KeyError):
        return False


def _inner(secret: SecretStr, sealed: str) -> dict[str, Any]:
    if not sealed:
        return {SALT: "", "values": {}}
    inner: dict[str, Any] = json.loads(seals.unseal(secret, base64.urlsafe_b64decode(sealed)))
    return inner


def _digest(shown: Mapping[str, Any], inner: Mapping[str, Any]) -> str:
    whole = {SALT: inner[SALT], "values": {**shown, **inner["values"]}}
    return hashlib.sha256(canonical(whole)).hexdigest()


async def rotate(ctx: Context, *, previous: SecretStr) -> int:
    """Seal again, with the secret in force, what `previous` sealed; how many rows that were.

    One transaction; run before the service starts with the new secret, as `phones.rotate` is. What the
    new secret reads already stays as it is. What a record is the only one of is keyed anew too: else a
    list that is read in once more, or a draft that follows, would be there twice.
    """
    secret, total = ctx.settings.secret_key, 0
    async with in_transaction() as connection:
        await hold(connection, "records")
        for model in (Record, RecordVersion, RecordSetAside):
            async for row in model.exclude(sealed="").only("id", "sealed"):
                if (renewed := _renewed(secret, previous, base64.urlsafe_b64decode(row.sealed))) is None:
                    continue
                text = base64.urlsafe_b64encode(renewed).decode()
                total += await model.filter(id=row.id).update(sealed=text)
        async for file in RecordAttachment.all().only("id", "content"):
            if (renewed := _renewed(secret, previous, file.content)) is not None:
                total += await RecordAttachment.filter(id=file.id).update(content=renewed)
        await _key_anew(secret, previous)
        if total:
            await audit.record(ctx, "records.resealed", "records:all", count=total)
    return total


async def _key_anew(secret: SecretStr, previous: SecretStr) -> None:
    found = Record.filter(template__in=sorted({code for codes in FOLLOWED.values() for code in codes}))
    sources: defaultdict[tuple[int, str], list[int]] = defaultdict(list)
    for branch_id, code, id_ in await found.order_by("id").values_list("branch_id", "template", "id"):
        sources[branch_id, code].append(id_)
    async for row in Record.filter(subject__not_isnull=True):
        mine = [one for code in FOLLOWED.get(row.template, ()) for one in sources[row.branch_id, code]]
        fresh = record_subjects.renewed(
            row.subject or "", handbook().templates[row.template], opened(secret, row), mine,
            previous=previous, secret=secret,
        )  # fmt: skip
        if fresh is not None:
            await Record.filter(id=row.id).update(subject=fresh)


def _renewed(secret: SecretStr, previous: SecretStr, sealed: bytes) -> bytes | None:
    try:
        seals.unseal(secret, sealed)
    except seals.Unreadable:
        return seals.seal(secret, seals.unseal(previous, sealed))
    return None
