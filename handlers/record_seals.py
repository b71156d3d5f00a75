"""What a record says, split into what the database may show and what is sealed, and put together again."""

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from handlers import seals
from handlers.audit import canonical
from handlers.template_content import Field, Template
from models import Record, RecordSetAside, RecordVersion

Values = dict[str, Any]
SALT = "salt"


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
    return whole(secret, row.values, row.sealed)


def whole(secret: SecretStr, shown: Mapping[str, Any], sealed: str) -> Values:
    """What is shown and what is sealed, together.

    Raises:
        seals.Unreadable.
    """
    return {**shown, **_inner(secret, sealed)["values"]}


def renewed(secret: SecretStr, previous: SecretStr, sealed: str) -> str | None:
    """What a row keeps sealed, under the secret in force; None where it is under it, or keeps nothing.

    Raises:
        seals.Unreadable: neither opens it.
    """
    fresh = seals.renewed(secret, previous, base64.urlsafe_b64decode(sealed)) if sealed else None
    return base64.urlsafe_b64encode(fresh).decode() if fresh is not None else None


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
