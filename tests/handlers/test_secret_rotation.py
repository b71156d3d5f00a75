"""A new secret: everything under the old one is put under it, once, whole, and nothing is there twice."""

import base64
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from tortoise import connections

import models
from handlers import (
    checkins,
    codes,
    id_numbers,
    page_logins,
    phones,
    ratings,
    record_archives,
    record_attachments,
    record_follow_ups,
    record_seals,
    record_sheets,
    record_subjects,
    records,
    sealed_texts,
    seals,
    secret_rotation,
    sites,
)
from handlers.context import Context
from handlers.errors import AlreadyRecorded, BadCode, BadInput, StaleVersion
from handlers.record_sheets import Fate
from handlers.secret_rotation import Kind
from miniprogram_api import tokens
from models import (
    Account,
    App,
    AuditEntry,
    Booking,
    BookingStatus,
    CheckIn,
    Person,
    Rating,
    Record,
    RecordSetAside,
    RecordVersion,
    Worker,
)
from tests.fakes import Clock, FakeWeChat
from tests.handlers.branch_book import Book, open_book, party_day, signed, team, write
from tests.handlers.test_record_lists import PDF, lose_everything
from tests.handlers.town import new_slot
from tests.kills import Killed, let_death_come

NEW = SecretStr("the new secret of this test")
ID_NO = "370302196001010017"
PHONE = "1990000000{}"
MOST = 200
"""More statements than a rotation of this book takes."""


@pytest.fixture
async def book(ctx: Context, clock: Clock) -> Book:
    """A branch of which something of every kind hangs on the secret."""
    made = await open_book(ctx)
    secret = ctx.settings.secret_key
    for number, person in enumerate(made.people):
        phone = PHONE.format(number)
        person.name, person.member_no = f"党员{number}", f"N{number:03d}"
        person.phone_sealed, person.phone_hash = (
            phones.seal(secret, phone),
            phones.look_up_hash(secret, phone),
        )
        await person.save()
    await Worker.create(
        person=made.people[0], id_sealed=id_numbers.seal(secret, ID_NO),
        id_hash=id_numbers.look_up_hash(secret, ID_NO),
    )  # fmt: skip
    await write(made.ctx, "T03", {"name": made.ids[1], "id_no": ID_NO, "mobile": "19900000001"})
    await signed(made.ctx, "T02", team(made))
    held = await signed(made.ctx, "T09", party_day(made, clock.now - timedelta(days=2)))
    await records.correct(
        made.ctx, record_id=held.record.id, version=1, reason="写错了", values={"place": "礼堂"}, seen=True
    )
    assert await record_follow_ups.hours(made.ctx, record_id=held.record.id)
    draft = await write(made.ctx, "T08", {"title": "学习党章"})
    await record_attachments.attach(
        made.ctx, record_id=draft.record.id, field="script", name="讲稿.pdf", content=PDF
    )
    seen = (await records.show(made.ctx, record_id=draft.record.id)).record.revision
    await records.save(made.ctx, record_id=draft.record.id, revision=seen, values={"title": "甲"})
    with pytest.raises(StaleVersion):
        await records.save(made.ctx, record_id=draft.record.id, revision=seen, values={"title": "乙"})
    begins = clock.now - timedelta(hours=3)
    visit = await Booking.create(
        slot=await new_slot(made.town.site, begins), branch=made.town.branch, headcount=5, theme="主题党日",
        status=BookingStatus.FULFILLED, created_at=begins,
    )  # fmt: skip
    await CheckIn.create(booking=visit, person=made.town.member, at=begins, source="door")
    await ratings.rate(made.town.at(made.town.member), booking_id=visit.id, stars=2)
    return made


@pytest.fixture
def moved(book: Book) -> Context:
    """The same service after the operator has set a new secret and named the previous one."""
    return under(book.ctx, NEW, previous=book.ctx.settings.secret_key)


def under(ctx: Context, secret: SecretStr, *, previous: SecretStr | None = None) -> Context:
    also = {"secret_key": secret, "previous_secret_key": previous or SecretStr("")}
    return replace(ctx, settings=ctx.settings.model_copy(update=also))


async def everything_there() -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables, as the database has them."""
    (connection,) = connections.all()
    names = {model._meta.db_table for model in tables()}
    return {
        name: await connection.execute_query_dict(f'SELECT * FROM "{name}" ORDER BY 1')  # noqa: S608
        for name in sorted(names)
    }


def tables() -> list[Any]:
    return [kind for kind in vars(models).values() if hasattr(kind, "_meta") and kind._meta.db_table]


def opens(secret: SecretStr, value: object) -> bool:
    """Whether a column's value is something that this secret sealed."""
    if isinstance(value, bytes | memoryview):
        return _unsealed(secret, bytes(value))
    if not isinstance(value, str):
        return False
    if value.startswith(phones.mark(secret)):
        return True
    try:
        return _unsealed(secret, base64.urlsafe_b64decode(value))
    except ValueError:
        return False


def _unsealed(secret: SecretStr, content: bytes) -> bool:
    try:
        seals.unseal(secret, content)
    except seals.Unreadable:
        return False
    return True


async def columns_under(secret: SecretStr) -> set[str]:
    rows = await everything_there()
    return {
        f"{table}.{column}"
        for table, there in rows.items()
        for row in there
        for column, value in row.items()
        if opens(secret, value)
    }


async def test_no_column_of_any_table_stays_under_the_previous_secret(book: Book, moved: Context) -> None:
    previous = book.ctx.settings.secret_key
    before = await columns_under(previous)
    assert before == {
        "people.phone_sealed", "workers.id_sealed", "records.sealed", "record_versions.sealed",
        "record_set_asides.sealed", "record_attachments.content",
    }  # fmt: skip
    looked = await secret_rotation.look(moved.settings)
    assert await columns_under(previous) == before, "looking changes nothing"
    done = await secret_rotation.rotate(moved)
    assert done.counts == looked.counts
    assert {kind for kind, _ in done.counts} == set(Kind), "something of every kind was there"
    assert await columns_under(previous) == set()
    assert await columns_under(NEW) == before
    entry = await AuditEntry.get(action="secret.rotated")
    assert entry.details["phones"] == len(book.people)


async def test_twice_is_once(book: Book, moved: Context) -> None:
    await secret_rotation.rotate(moved)
    before = await everything_there()
    again = await secret_rotation.rotate(moved)
    assert (again.renewed, again.counts) == (0, {})
    assert await everything_there() == before
    assert not await secret_rotation.is_due(moved.settings)


async def test_afterwards_all_is_read_and_found_without_the_previous_secret(
    book: Book, moved: Context
) -> None:
    read_before = {
        row.id: record_seals.opened(book.ctx.settings.secret_key, row) for row in await Record.all()
    }
    digests = dict(await RecordVersion.all().values_list("id", "digest"))
    assert await secret_rotation.is_due(moved.settings)
    await secret_rotation.rotate(moved)
    alone = under(book.ctx, NEW)
    found = await Person.get(phone_hash=phones.look_up_hash(NEW, PHONE.format(2)))
    assert (found.id, phones.unseal(NEW, found.phone_sealed or "")) == (book.ids[2], PHONE.format(2))
    worker = await Worker.get(id_hash=id_numbers.look_up_hash(NEW, ID_NO))
    assert id_numbers.shown(NEW, worker.id_sealed) == id_numbers.mask(ID_NO)
    assert {row.id: record_seals.opened(NEW, row) for row in await Record.all()} == read_before
    assert dict(await RecordVersion.all().values_list("id", "digest")) == digests
    assert all(record_seals.intact(NEW, version) for version in await RecordVersion.all())
    assert record_seals.opened(NEW, await RecordSetAside.get()) == {"title": "乙"}
    draft = await Record.get(template="T08")
    (file,) = await record_attachments.list_attachments(alone, record_id=draft.id)
    _, content = await record_attachments.read(alone, record_id=draft.id, attachment_id=file.id)
    assert content == PDF


async def test_a_process_that_dies_at_any_moment_leaves_all_or_nothing_behind(
    book: Book, moved: Context, wechat: FakeWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await everything_there()
    for at in range(1, MOST):
        with monkeypatch.context() as patch:
            death = let_death_come(patch, wechat, at=at)
            try:
                await secret_rotation.rotate(moved)
            except Killed:
                assert await everything_there() == before
        if not death.came:
            break
    assert at > 20, "it died at many points"
    assert await columns_under(book.ctx.settings.secret_key) == set()


async def read_lists_again(book: Book, moved: Context, lists: dict[str, bytes]) -> set[Fate]:
    fates: set[Fate] = set()
    for code, content in lists.items():
        fates |= {
            row.fate for row in (await record_sheets.read_in(moved, template=code, content=content)).rows
        }
    return fates


async def read_lists(book: Book) -> dict[str, bytes]:
    """The register and the hours as sheets, read in once under the previous secret."""
    lists = {code: await record_sheets.export(book.ctx, template=code) for code in ("T03", "T17")}
    await read_lists_again(book, book.ctx, lists)
    return lists


async def change_a_line(book: Book) -> None:
    """Since the list was made somebody has written at a line of the register."""
    line = await Record.get(template="T03")
    await records.save(book.ctx, record_id=line.id, revision=line.revision, values={"mobile": "19900000099"})


async def test_what_is_read_in_again_afterwards_is_not_there_twice(book: Book, moved: Context) -> None:
    """A natural key (T03), rows known by their whole, and what follows from a meeting (T17)."""
    lists = await read_lists(book)
    await change_a_line(book)
    before = {row.id: row.subject for row in await Record.all()}
    await secret_rotation.rotate(moved)
    after = {row.id: row.subject for row in await Record.all()}
    kept = [id_ for id_, subject in before.items() if subject is not None]
    assert len(kept) > len(book.people)
    assert all(after[id_] not in (None, before[id_]) for id_ in kept)
    assert await read_lists_again(book, moved, lists) == {Fate.UNCHANGED, Fate.UPDATED}
    held = await Record.get(template="T09")
    assert await record_follow_ups.hours(moved, record_id=held.id) == []
    with pytest.raises(AlreadyRecorded):
        await write(moved, "T03", {"name": book.ids[1], "id_no": ID_NO})
    assert {row.id for row in await Record.all()} == set(before)


async def test_with_subjects_left_under_the_previous_secret_it_would_be_there_twice(
    book: Book, moved: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = await read_lists(book)
    await change_a_line(book)
    count = await Record.all().count()
    monkeypatch.setattr(record_subjects.Renewal, "of", lambda *_: None)
    await secret_rotation.rotate(moved)
    assert Fate.CREATED in await read_lists_again(book, moved, lists)
    assert await Record.all().count() > count
    held = await Record.get(template="T09")
    assert await record_follow_ups.hours(moved, record_id=held.id) != []


async def test_who_rated_a_visit_changes_their_word_afterwards_and_gives_no_second_one(
    book: Book, moved: Context
) -> None:
    await secret_rotation.rotate(moved)
    visit = await Booking.get()
    await ratings.rate(
        moved.on_behalf_of(book.town.at(book.town.member).caller), booking_id=visit.id, stars=5
    )
    assert [row.stars for row in await Rating.all()] == [5]


@pytest.mark.parametrize(
    ("secret", "previous", "says"),
    [(NEW, None, "没有设置"), (NEW, NEW, "同一个")],
)
async def test_without_two_secrets_nothing_is_done_and_it_says_why(
    book: Book, secret: SecretStr, previous: SecretStr | None, says: str
) -> None:
    wrong = under(book.ctx, secret, previous=previous)
    before = await everything_there()
    for attempt in (secret_rotation.rotate(wrong), secret_rotation.look(wrong.settings)):
        with pytest.raises(secret_rotation.NothingToRotate, match=says):
            await attempt
    assert not await secret_rotation.is_due(wrong.settings)
    assert await everything_there() == before


async def test_what_neither_secret_opens_is_left_and_told(book: Book, moved: Context) -> None:
    lost = SecretStr("a secret that nobody has any more")
    await Person.filter(id=book.ids[1]).update(phone_sealed=phones.seal(lost, PHONE.format(1)))
    await Record.filter(template="T08").update(
        sealed=base64.urlsafe_b64encode(seals.seal(lost, b"{}")).decode()
    )
    done = await secret_rotation.rotate(moved)
    assert done.renewed > 20
    told = "\n".join(done.lines())
    assert "打不开" in told
    assert "手机号 1，支部记录 1" in told
    assert await columns_under(lost) == {"people.phone_sealed", "records.sealed"}
    assert not await secret_rotation.is_due(moved.settings), (
        "nothing can be done about it: the service starts"
    )


async def test_a_number_that_was_entered_again_under_the_new_secret_is_told_and_left(
    book: Book, moved: Context
) -> None:
    """The operator had forgotten to name the previous secret, and read the roster in."""
    phone = PHONE.format(1)
    await Person.create(
        name="又一个", organization=book.town.branch, phone_sealed=phones.seal(NEW, phone),
        phone_hash=phones.look_up_hash(NEW, phone),
    )  # fmt: skip
    done = await secret_rotation.rotate(moved)
    assert "另有一份" in "\n".join(done.lines())
    assert done.counts[Kind.PHONES, secret_rotation.Fate.RENEWED] == len(book.people) - 1
    assert not await secret_rotation.is_due(moved.settings)


# What isn't rotated but read under both, or not at all


async def test_a_printed_poster_checks_in_while_the_previous_secret_is_set(
    book: Book, moved: Context, clock: Clock
) -> None:
    town = book.town
    old = sites.poster_scene(book.ctx, site_id=town.site.id)
    begins = clock.now + timedelta(minutes=10)
    await Booking.create(
        slot=await new_slot(town.site, begins), branch=town.branch, headcount=5, theme="主题党日",
        status=BookingStatus.CONFIRMED, created_at=clock.now,
    )  # fmt: skip
    assert sites.poster_scene(moved, site_id=town.site.id) != old
    member = town.at(town.member).caller
    with pytest.raises(BadCode):
        await checkins.check_in(under(book.ctx, NEW).on_behalf_of(member), code=old)
    assert (await checkins.check_in(moved.on_behalf_of(member), code=old)).status == "checked_in"


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: codes.rehearsal(secret, rehearsal_id=7),
        lambda secret: codes.training(secret, session_id=7),
        lambda secret: codes.poster(secret, site_id="S10"),
    ],
)
def test_a_code_is_read_with_the_secret_that_signed_it(make: Callable[[str], str]) -> None:
    one, other, third = (SecretStr(word) for word in ("one", "other", "third"))
    assert codes.signer((one, other), make("one")) == "one"
    assert codes.signer((one, other), make("other")) == "other"
    assert codes.signer((one,), make("other")) == "one", "it is refused by whoever reads it then"
    assert codes.signer((one, other), make(third.get_secret_value())) == "one"
    for garbage in ("", "P", "汉" * 20, "\ud800", "P1" + "x" * 40):
        assert codes.signer((one, other), garbage) == "one"


async def test_no_login_of_before_is_believed_even_while_the_previous_secret_is_set(
    book: Book, moved: Context, clock: Clock
) -> None:
    account = await Account.create(app=App.MINI_PROGRAM, openid="m1", person=book.town.member)
    token, _ = tokens.issue(book.ctx.settings, account.id, clock.now)
    word = page_logins.issue(book.ctx, account.id)
    assert tokens.read(book.ctx.settings, token, clock.now)
    assert (await page_logins.caller(book.ctx, word=word)).account
    assert tokens.read(moved.settings, token, clock.now) is None
    assert (await page_logins.caller(moved, word=word)).account is None


def test_a_reply_that_was_sealed_before_is_said_again_while_the_previous_secret_is_set() -> None:
    old = SecretStr("old")
    stored = sealed_texts.seal(old, "<xml>查询号</xml>")
    assert sealed_texts.opened((NEW, old), stored) == "<xml>查询号</xml>"
    assert sealed_texts.opened((NEW,), stored) == ""


# Archives


async def test_an_archive_of_before_is_brought_back_while_the_previous_secret_is_set(
    book: Book, moved: Context
) -> None:
    previous = book.ctx.settings.secret_key
    lists = await read_lists(book)
    _, content = await record_archives.export(book.ctx, year=2026)
    read_before = {row.id: record_seals.opened(previous, row) for row in await Record.filter(year=2026)}
    await secret_rotation.rotate(moved)
    already = await record_archives.restore(moved, content=content)
    assert (already.restored, already.already) == (0, len(read_before)), "what is there is known again"
    subjects = {row.id: row.subject for row in await Record.filter(year=2026)}
    await lose_everything()
    with pytest.raises(BadInput):
        await record_archives.restore(under(book.ctx, NEW), content=content)
    restored = await record_archives.restore(moved, content=content)
    assert restored.restored == len(read_before)
    alone = under(book.ctx, NEW)
    assert {row.id: record_seals.opened(NEW, row) for row in await Record.all()} == read_before
    assert {row.id: row.subject for row in await Record.all()} == subjects
    assert all(record_seals.intact(NEW, version) for version in await RecordVersion.all())
    draft = await Record.get(template="T08")
    (file,) = await record_attachments.list_attachments(alone, record_id=draft.id)
    assert (await record_attachments.read(alone, record_id=draft.id, attachment_id=file.id))[1] == PDF
    assert await read_lists_again(book, alone, lists) <= {Fate.UNCHANGED, Fate.KEPT}
    assert await columns_under(previous) == set()


async def test_an_archive_of_a_secret_before_the_previous_one_is_refused_and_changes_nothing(
    book: Book, moved: Context
) -> None:
    _, content = await record_archives.export(book.ctx, year=2026)
    await secret_rotation.rotate(moved)
    await lose_everything()
    later = under(book.ctx, SecretStr("a third secret"), previous=NEW)
    with pytest.raises(BadInput) as refused:
        await record_archives.restore(later, content=content)
    assert "密钥" in refused.value.fields["file"]
    assert await Record.all().count() == 0
