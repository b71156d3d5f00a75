"""A new ZBT_SECRET_KEY: whatever the previous one sealed or keyed, sealed and keyed anew.

Run while the service stands still. All of it is one transaction: a process killed at any moment leaves every
row under the previous secret, and whoever runs it again finds all of them, or none.

What isn't here: scanned codes, sealed replies and marks of served lessons are read under both secrets while
the previous one is set; logins are not, for whoever knows that secret could sign any.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pydantic import SecretStr
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

from handlers import audit, id_numbers, phones, ratings, record_seals, record_subjects, seals
from handlers.context import Context
from handlers.locks import hold
from handlers.template_content import handbook
from models import (
    CheckIn,
    Person,
    Rating,
    Record,
    RecordAttachment,
    RecordSetAside,
    RecordVersion,
    Worker,
)
from settings import Settings

BATCH = 500
FILES_AT_ONCE = 4
"""Attachments are up to 20 MB each, and two of each are held at a time."""


class NothingToRotate(Exception):
    """There are no two secrets; the message says in Chinese what to do."""


class Kind(StrEnum):
    """What hangs on the secret, as the operator reads it."""

    PHONES = "手机号"
    ID_NUMBERS = "公民身份号码"
    RECORDS = "支部记录"
    VERSIONS = "签字的版本"
    SET_ASIDES = "晚到的修改"
    FILES = "记录的附件"
    RATINGS = "活动评价"


class Fate(StrEnum):
    """What becomes of a row that the secret in force doesn't read."""

    RENEWED = "renewed"
    UNREADABLE = "unreadable"
    """Neither secret opens it."""
    TAKEN = "taken"
    """Something is there under the secret in force already that there may be only one of."""


@dataclass(frozen=True, slots=True)
class Old:
    """A row as it stands under the previous secret; `fresh` are its columns under the one in force."""

    kind: Kind
    row: Model
    fate: Fate
    fresh: Mapping[str, Any] = field(default_factory=dict)


LEFT = {
    Fate.UNREADABLE: "新旧两个密钥都打不开、原样保留的（可能是更早的密钥加密的，或已经损坏）",
    Fate.TAKEN: "新密钥下已经另有一份、原样保留的（多半是转换以前又导入过一次），请核对后去掉重复的",
}


@dataclass(frozen=True, slots=True)
class Rotation:
    """How many rows of each kind met which fate, or with `dry_run` would."""

    dry_run: bool
    counts: Counter[tuple[Kind, Fate]]

    @property
    def renewed(self) -> int:
        """Rows that the previous secret still held."""
        return sum(self.counts[kind, Fate.RENEWED] for kind in Kind)

    def lines(self) -> list[str]:
        """What the operator reads."""
        head = "试运行（还没有改动）：还在用旧密钥的" if self.dry_run else "已经改用新密钥的"
        found = [
            f"  {kind} {self.counts[kind, Fate.RENEWED]}" for kind in Kind if self.counts[kind, Fate.RENEWED]
        ]
        lines = [f"{head}共 {self.renewed} 条" + ("：" if found else ""), *found]
        for fate, says in LEFT.items():
            left = "，".join(f"{kind} {self.counts[kind, fate]}" for kind in Kind if self.counts[kind, fate])
            lines += [f"{says}：{left}"] if left else []
        return lines


async def look(settings: Settings) -> Rotation:
    """What `rotate` would do; nothing is changed.

    Raises:
        NothingToRotate.
    """
    counts: Counter[tuple[Kind, Fate]] = Counter()
    async for page in _everything(*_both(settings)):
        counts.update((old.kind, old.fate) for old in page)
    return Rotation(True, counts)


async def rotate(ctx: Context) -> Rotation:
    """Put every row under the secret in force; running it again finds nothing left to do.

    Raises:
        NothingToRotate.
    """
    secret, previous = _both(ctx.settings)
    counts: Counter[tuple[Kind, Fate]] = Counter()
    async with in_transaction() as connection:
        await hold(connection, "roster")
        await hold(connection, "records")
        async for page in _everything(secret, previous):
            counts.update((old.kind, old.fate) for old in page)
            await _write([old for old in page if old.fresh])
        done = Rotation(False, counts)
        if done.renewed:
            told = {kind.name.lower(): counts[kind, Fate.RENEWED] for kind in Kind}
            await audit.record(ctx, "secret.rotated", "secret:key", **told)
    return done


async def is_due(settings: Settings) -> bool:
    """Whether there is something that `rotate` would put under the secret in force.

    Rotating is all or nothing, so phones, id numbers and the oldest record speak for the rest.
    """
    try:
        secret, previous = _both(settings)
    except NothingToRotate:
        return False
    for numbers in (PHONES, ID_NUMBERS):
        async for page in numbers.old(secret, previous):
            if any(old.fate is Fate.RENEWED for old in page):
                return True
    oldest = await Record.exclude(sealed="").order_by("id").first()
    old = _renewed(Kind.RECORDS, oldest, secret, previous) if oldest else None
    return old is not None and old.fate is Fate.RENEWED


async def count_foreign(settings: Settings) -> int:
    """Phones that aren't under the secret in force, whatever they are under."""
    return await _foreign(Person, "phone_sealed", settings.secret_key).count()


def _both(settings: Settings) -> tuple[SecretStr, SecretStr]:
    secret, *previous = settings.secret_keys
    if not previous:
        raise NothingToRotate(
            "没有设置 ZBT_PREVIOUS_SECRET_KEY：换密钥时，"
            "把原来的密钥填在那里，新的填在 ZBT_SECRET_KEY，再运行一次"
        )
    if previous == [secret]:
        raise NothingToRotate(
            "ZBT_PREVIOUS_SECRET_KEY 和 ZBT_SECRET_KEY 是同一个，没有可换的：前者填原来的密钥，后者填新的"
        )
    return secret, previous[0]


async def _everything(secret: SecretStr, previous: SecretStr) -> AsyncIterator[list[Old]]:
    """What isn't under the secret in force, by pages of one kind each."""
    for pages in (
        PHONES.old(secret, previous),
        ID_NUMBERS.old(secret, previous),
        _records(secret, previous),
        _sealed(Kind.VERSIONS, RecordVersion.all(), secret, previous),
        _sealed(Kind.SET_ASIDES, RecordSetAside.all(), secret, previous),
        _files(secret, previous),
        _ratings(secret, previous),
    ):
        async for page in pages:
            yield page


async def _write(page: list[Old]) -> None:
    for old in page:
        old.row.update_from_dict(dict(old.fresh))
    if not page or page[0].kind is Kind.FILES:  # One by one: a statement with a hundred of them is too long.
        for old in page:
            await type(old.row).filter(pk=old.row.pk).update(**old.fresh)
        return
    columns = sorted({column for old in page for column in old.fresh})
    await type(page[0].row).bulk_update([old.row for old in page], fields=columns)


# The roster


@dataclass(frozen=True, slots=True)
class Numbers:
    """Numbers that people are found by: the table, its columns, and how one is hashed."""

    kind: Kind
    model: type[Model]
    sealed: str
    hashed: str
    look_up_hash: Callable[[SecretStr, str], str]

    async def old(self, secret: SecretStr, previous: SecretStr) -> AsyncIterator[list[Old]]:
        """Those that aren't under the secret in force, by pages."""
        rows = _foreign(self.model, self.sealed, secret).only("id", self.sealed, self.hashed)
        async for page in _paged(rows):
            clear = [_clear(previous, getattr(row, self.sealed)) for row in page]
            hashes = [self.look_up_hash(secret, number or "") for number in clear]
            there = self.model.filter(**{f"{self.hashed}__in": hashes})
            taken: set[Any] = set(await there.values_list(self.hashed, flat=True))
            yield [
                self._one(row, number, hash_, secret, is_taken=hash_ in taken)
                for row, number, hash_ in zip(page, clear, hashes, strict=True)
            ]

    def _one(self, row: Model, number: str | None, hash_: str, secret: SecretStr, *, is_taken: bool) -> Old:
        if number is None:
            return Old(self.kind, row, Fate.UNREADABLE)
        if is_taken:
            return Old(self.kind, row, Fate.TAKEN)
        fresh = {self.hashed: hash_, self.sealed: phones.seal(secret, number)}
        return Old(self.kind, row, Fate.RENEWED, fresh)


PHONES = Numbers(Kind.PHONES, Person, "phone_sealed", "phone_hash", phones.look_up_hash)
ID_NUMBERS = Numbers(Kind.ID_NUMBERS, Worker, "id_sealed", "id_hash", id_numbers.look_up_hash)


def _foreign(model: type[Model], column: str, secret: SecretStr) -> QuerySet[Any]:
    there = model.filter(**{f"{column}__isnull": False})
    return there.exclude(**{f"{column}__startswith": phones.mark(secret)})


def _clear(previous: SecretStr, sealed: str) -> str | None:
    try:
        return phones.unseal(previous, sealed)
    except phones.Unreadable:
        return None


# The handbook


async def _records(secret: SecretStr, previous: SecretStr) -> AsyncIterator[list[Old]]:
    """Records, and what each is the only one of: a list that is read in once more must find it."""
    branches: list[Any] = (
        await Record.all().distinct().order_by("branch_id").values_list("branch_id", flat=True)
    )
    for branch_id in branches:
        renewal = record_subjects.Renewal(secret, previous, await followed_by(branch_id))
        rows = Record.filter(branch_id=branch_id).exclude(sealed="")
        async for page in _paged(rows.only("id", "branch_id", "template", "values", "sealed", "subject")):
            found = [_renewed(Kind.RECORDS, row, secret, previous) for row in page]
            with_subject = [_with_subject(old, renewal, secret) for old in found if old is not None]
            yield await _untaken(branch_id, with_subject)


async def followed_by(branch_id: int) -> dict[str, list[int]]:
    """A branch's records that others may follow from: their ids by template."""
    codes = sorted({code for codes in record_subjects.FOLLOWED.values() for code in codes})
    found: defaultdict[str, list[int]] = defaultdict(list)
    rows = Record.filter(branch_id=branch_id, template__in=codes).order_by("id")
    for code, id_ in await rows.values_list("template", "id"):
        found[code].append(id_)
    return dict(found)


def _with_subject(old: Old, renewal: record_subjects.Renewal, secret: SecretStr) -> Old:
    row = old.row
    if not isinstance(row, Record) or not old.fresh or row.subject is None:
        return old
    values = record_seals.whole(secret, row.values, old.fresh["sealed"])
    subject = renewal.of(row.subject, handbook().templates[row.template], values)
    return Old(old.kind, row, old.fate, {**old.fresh, "subject": subject}) if subject is not None else old


async def _untaken(branch_id: int, page: list[Old]) -> list[Old]:
    """The same, but nobody is given the subject of a record that is under the secret in force already."""
    subjects = [old.fresh["subject"] for old in page if "subject" in old.fresh]
    taken = set(
        await Record.filter(branch_id=branch_id, subject__in=subjects).values_list("subject", flat=True)
    )
    return [
        Old(old.kind, old.row, Fate.TAKEN, {"sealed": old.fresh["sealed"]})
        if old.fresh.get("subject") in taken
        else old
        for old in page
    ]


async def _sealed(
    kind: Kind, rows: QuerySet[Any], secret: SecretStr, previous: SecretStr
) -> AsyncIterator[list[Old]]:
    async for page in _paged(rows.exclude(sealed="").only("id", "sealed")):
        yield [old for row in page if (old := _renewed(kind, row, secret, previous)) is not None]


def _renewed(kind: Kind, row: Any, secret: SecretStr, previous: SecretStr) -> Old | None:
    """None where the secret in force reads it."""
    try:
        fresh = record_seals.renewed(secret, previous, row.sealed)
    except (seals.Unreadable, ValueError):
        return Old(kind, row, Fate.UNREADABLE)
    return Old(kind, row, Fate.RENEWED, {"sealed": fresh}) if fresh is not None else None


async def _files(secret: SecretStr, previous: SecretStr) -> AsyncIterator[list[Old]]:
    async for page in _paged(RecordAttachment.all().only("id", "content"), size=FILES_AT_ONCE):
        found = []
        for row in page:
            try:
                fresh = seals.renewed(secret, previous, bytes(row.content))
            except seals.Unreadable:
                found.append(Old(Kind.FILES, row, Fate.UNREADABLE))
                continue
            found += [Old(Kind.FILES, row, Fate.RENEWED, {"content": fresh})] if fresh is not None else []
        yield found


# Visits


async def _ratings(secret: SecretStr, previous: SecretStr) -> AsyncIterator[list[Old]]:
    """Ratings by people who are still known to have been there; of others nobody can change one any more."""
    async for page in _paged(Rating.all().only("id", "booking_id", "key")):
        visits = {row.booking_id for row in page}
        there = await CheckIn.filter(booking_id__in=visits).values_list("booking_id", "person_id")
        fresh = {
            ratings.keyed(previous, booking_id, person_id): ratings.keyed(secret, booking_id, person_id)
            for booking_id, person_id in there
        }
        taken: set[Any] = set(await Rating.filter(key__in=list(fresh.values())).values_list("key", flat=True))
        yield [
            Old(Kind.RATINGS, row, Fate.TAKEN)
            if fresh[row.key] in taken
            else Old(Kind.RATINGS, row, Fate.RENEWED, {"key": fresh[row.key]})
            for row in page
            if row.key in fresh
        ]


async def _paged(rows: QuerySet[Any], *, size: int = BATCH) -> AsyncIterator[list[Any]]:
    """Rows by ascending id, so many at a time; they may be changed on the way."""
    last = 0
    while page := await rows.filter(id__gt=last).order_by("id").limit(size):
        yield page
        last = page[-1].id
