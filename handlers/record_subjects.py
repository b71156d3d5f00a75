"""What a record is the only one of, as the database may know it: keyed, so that it tells no id number."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class Renewal:
    """One branch's subjects under a new secret.

    A hash can't be turned round, so what it may be the hash of is tried. A row of a list that was written at
    after it had been read in is no longer told; such a row is then known by its values alone.
    """

    def __init__(self, secret: SecretStr, previous: SecretStr, sources: Mapping[str, Sequence[int]]) -> None:
        """`sources` are the ids of the branch's records that others follow from, by template."""
        self._secret, self._previous, self._sources = secret, previous, sources
        self._follows = self._by_hash(follows(source) for source in self._of("T05"))
        self._hours: dict[int, dict[str, bytes]] = {}

    def of(self, old: str, form: Template, values: Mapping[str, Any]) -> str | None:
        """The same under the new secret; None where it isn't of the previous one, or can't be told."""
        key = self._by_hash(_keys(form, values)).get(old) or self._followed(form, values).get(old)
        return keyed(self._secret, key) if key is not None else None

    def _followed(self, form: Template, values: Mapping[str, Any]) -> dict[str, bytes]:
        member = values.get("member_id")
        if form.code == "T05":
            return self._follows
        if form.code != "T17" or not isinstance(member, int):
            return {}
        if member not in self._hours:
            self._hours[member] = self._by_hash(hours(member, source) for source in self._of("T17"))
        return self._hours[member]

    def _of(self, code: str) -> list[int]:
        return [source for template in FOLLOWED[code] for source in self._sources.get(template, ())]

    def _by_hash(self, keys: Iterable[bytes]) -> dict[str, bytes]:
        return {keyed(self._previous, key): key for key in keys}


def _keys(form: Template, values: Mapping[str, Any]) -> Iterator[bytes]:
    natural = natural_key(form, values)
    if natural is not None:
        yield natural
    yield whole_key(form, values)
    yield whole_key(form, {key: value for key, value in values.items() if not form.field(key).computed})
