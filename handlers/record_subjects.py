"""What a record is the only one of, as the database may know it: keyed, so that it tells no id number."""

import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import SecretStr

from handlers.record_days import natural_key, whole_key
from handlers.template_content import Template, handbook

FOLLOWED = {"T05": ("T06",), "T17": ("T05", "T08", "T09")}
"""Templates whose drafts follow from a record of these (record_follow_ups)."""


def keyed(secret: SecretStr, key: bytes) -> str:
    """A natural key under the service's secret."""
    word = b"record subject:" + key
    return hmac.new(secret.get_secret_value().encode(), word, hashlib.sha256).hexdigest()


def follows(source_id: int) -> bytes:
    """The key of the assembly's draft that follows from a committee's meeting."""
    return whole_key(handbook().templates["T06"], {"follows": source_id})


def hours(member_id: int, source_id: int) -> bytes:
    """The key of somebody's hours that follow from a meeting."""
    return whole_key(handbook().templates["T17"], {"member": member_id, "source": source_id})


def renewed(
    old: str, form: Template, values: Mapping[str, Any], sources: Sequence[int], *,
    previous: SecretStr, secret: SecretStr,
) -> str | None:  # fmt: skip
    """The same subject under a new secret; None where it isn't of the previous one, or can't be told. Pure.

    A hash can't be turned round, so what it may be the hash of is tried. A row of a list that was written at
    after it had been read in is no longer told; such a row is then known by its values alone.
    """
    for key in _keys(form, values, sources):
        if hmac.compare_digest(keyed(previous, key), old):
            return keyed(secret, key)
    return None


def _keys(form: Template, values: Mapping[str, Any], sources: Sequence[int]) -> Iterator[bytes]:
    natural = natural_key(form, values)
    if natural is not None:
        yield natural
    yield whole_key(form, values)
    yield whole_key(form, {key: value for key, value in values.items() if not form.field(key).computed})
    for source in sources:
        member = values.get("member_id")
        if form.code == "T05":
            yield follows(source)
        elif form.code == "T17" and isinstance(member, int):
            yield hours(member, source)
