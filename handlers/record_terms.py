"""What the district sets for the checks of records: each setting with its meaning, its basis and its limits.

Nothing here is a central rule, and no limit lets a setting ask for less than one does. A change is a new
version and holds for every process from its next request on. A signed record, and its corrections, are judged
by what was in force when it was first signed; a draft by what is in force now. What was signed is never
judged anew.
"""

# ruff: noqa: E501 (one setting, one line: that is what makes it a table)

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Any

from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from handlers import access, audit
from handlers.accounts import require_person
from handlers.context import Context
from handlers.errors import BadInput, NotAllowed, TermsChanged
from handlers.lines import one_line
from handlers.record_checks import District
from models import HandbookTerms, Person, Record, RecordStatus, Role

LONGEST_REASON = 200
LONGEST_WORD = 20
STARS = (5, 4, 3, 2)
"""What a least score is set for; one star is for all below."""
ROUNDINGS = {"half_up": "四舍五入", "down": "舍去", "up": "进一"}
PRACTICE, LOCAL, OWN = "实务做法，以当年通知为准", "地方制度，以本区办法为准", "本系统的建议值"


class Unfit(Exception):
    """A value that can't be set; the message says why."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: what it is called, what it does, on what it rests, and how a value of it is read."""

    key: str
    name: str
    meaning: str
    basis: str
    read: Callable[[Any], Any]
    limits: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What is in force: its number (0 = the proposals, nobody has set anything), and who set it when."""

    number: int
    district: District
    reason: str = ""
    set_by: Person | None = None
    at: datetime | None = None


def whole(least: int, most: int) -> Callable[[Any], int]:
    """A whole number between two others."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise Unfit(f"请填{least}到{most}之间的整数")
        return value

    return read


def hours(least: str, most: str) -> Callable[[Any], str]:
    """Hours, by halves."""

    def read(value: Any) -> str:
        try:
            found = Decimal(value) if isinstance(value, str) and len(value) <= 6 else Decimal("NaN")
        except InvalidOperation:
            found = Decimal("NaN")
        if not found.is_finite() or not Decimal(least) <= found <= Decimal(most) or found * 2 % 1:
            raise Unfit(f"请填{least}到{most}之间的学时，最小单位是0.5")
        return f"{found.normalize():f}"

    return read


def share(value: Any) -> Fraction:
    """A part of a whole, as people write it: 1/3."""
    over, _, under = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in (over, under)):
        raise Unfit("请写成分数，例如 1/3")
    if not 0 < int(over) <= int(under):
        raise Unfit("分数要大于0、不超过1")
    return Fraction(int(over), int(under))


def words(least: int, most: int) -> Callable[[Any], tuple[str, ...]]:
    """Several different words, in an order that means something."""

    def read(value: Any) -> tuple[str, ...]:
        many = value if isinstance(value, list) else []
        found = tuple(_word(one) for one in many)
        if not least <= len(found) <= most or len(set(found)) < len(found):
            raise Unfit(f"请填{least}到{most}项，一行一项，不能重复")
        return found

    return read


def bands(value: Any) -> tuple[tuple[int, int], ...]:
    """The least scores for five, four, three and two stars; below is one star."""
    scores = value if isinstance(value, list) else []
    fit = all(isinstance(one, int) and not isinstance(one, bool) and 0 < one <= 100 for one in scores)
    if not fit or len(scores) != len(STARS) or sorted(set(scores), reverse=True) != scores:
        raise Unfit("请从五星到二星填四个分数，都在1到100之间，一个比一个低")
    return (*zip(scores, STARS, strict=True), (0, 1))


def caps(value: Any) -> tuple[tuple[str, int], ...]:
    """Matters that lower the stars, each with the most it leaves."""
    many = value if isinstance(value, list) else []
    found = []
    for one in many:
        name, stars = (one.get("name"), one.get("stars")) if isinstance(one, dict) else (None, None)
        if isinstance(stars, bool) or not isinstance(stars, int) or not 1 <= stars <= 4:
            raise Unfit("每一项写清最多评几星，1到4星")
        found.append((_word(name), stars))
    if not 1 <= len(found) <= 20 or len({name for name, _ in found}) < len(found):
        raise Unfit("请填1到20项，不能重复")
    return tuple(found)


def rounding(value: Any) -> str:
    """How a part of a fen is rounded."""
    if value not in ROUNDINGS:
        raise Unfit("请从四舍五入、舍去、进一里选一种")
    return str(value)


def _word(value: Any) -> str:
    found = " ".join(value.split()) if isinstance(value, str) else ""
    if not 0 < len(found) <= LONGEST_WORD or not found.isprintable():
        raise Unfit(f"每一项要有字，不超过{LONGEST_WORD}个字")
    return found


# fmt: off
SETTINGS = (
    Setting("letter_days", "介绍信有效期", "介绍信的有效期比这更长时提示核对。", "条文没有核到，期限以信上注明的为准", whole(1, 180), "1—180", "天"),
    Setting("member_hours", "党员每年学时", "12月起，一名党员全年学时不到这个数时提示。", "教育管理条例 第二十条：一般不少于32学时", whole(32, 300), "32—300", "学时"),
    Setting("leader_hours", "书记和班子成员每年学时", "12月起，书记和班子成员全年学时不到这个数时提示。", "教育培训规划：不少于56学时，以上级规定为准", whole(56, 400), "56—400", "学时"),
    Setting("half_day_hours", "半天最多学时", "登记半天培训超过这个数时提示。", LOCAL, whole(1, 6), "1—6", "学时"),
    Setting("lecture_hours_least", "一次党课最少学时", "一次党课少于这个数时提示。", LOCAL, hours("0.5", "4"), "0.5—4", "学时"),
    Setting("lecture_hours_most", "一次党课最多学时", "一次党课多于这个数时提示。", LOCAL, hours("0.5", "8"), "0.5—8", "学时"),
    Setting("training_hours_most", "一次培训最多学时", "一次培训多于这个数时提示。", LOCAL, hours("1", "24"), "1—24", "学时"),
    Setting("grades", "民主评议等次", "评议登记表和汇总表里能选的等次，从好到差，一行一个。", "支部条例 第十八条；档次以当年通知为准", words(2, 6), "2—6项"),
    Setting("ratings", "述职评议等次", "书记述职评议能选的等次，从好到差，一行一个。", PRACTICE, words(2, 6), "2—6项"),
    Setting("sheets", "支部评分表", "按领域用的评分表名称，一行一个。", LOCAL, words(1, 8), "1—8项"),
    Setting("excellent_share", "优秀比例提示线", "评为第一档的人数超过这个比例时提示，不阻断。", PRACTICE, share, "大于0、不超过1的分数"),
    Setting("star_bands", "星级分数线", "从五星到二星各要多少分，再低是一星。", LOCAL, bands, "四个分数，由高到低"),
    Setting("vetoes", "一票降档事项", "出现这些事项时，星级最多评到几星。", LOCAL, caps, "1—20项，每项1到4星"),
    Setting("rounding", "党费取整", "算出的月应交党费不足一分时怎样取整。", "党费规定 第二条没有写取整方式，由区里定", rounding, "四舍五入、舍去、进一"),
    Setting("theme_day_reminder", "主题党日提醒", "次月几日提醒上月没有记录的支部。", OWN, whole(1, 20), "1—20", "日"),
    Setting("followup_days", "反馈期限提示", "会议定的事、活动的意见，几天内没有反馈时提示。", PRACTICE, whole(7, 90), "7—90", "天"),
    Setting("late_days", "补录", "会后超过几天才录入的会议记录标“补录”。", "纪实要求；天数是" + OWN, whole(1, 7), "1—7", "天"),
    Setting("oath_months", "入党宣誓提示", "批准以后超过几个月才宣誓时提示。", "据现有资料的一般做法，以细则原文为准", whole(1, 6), "1—6", "个月"),
)
# fmt: on
PROPOSALS = District()
BY_KEY = {one.key: one for one in SETTINGS}


async def in_force(ctx: Context, *, at: datetime | None = None) -> District:
    """The settings in force now, or as they were at a moment: one statement."""
    return (await _latest(at)).district


async def for_record(ctx: Context, record: Record | None) -> District:
    """The settings a record is judged by: those of its first signature; of a draft those of now."""
    signed = record is not None and record.status is RecordStatus.SIGNED
    return await in_force(ctx, at=record.signed_at if record is not None and signed else None)


async def show(ctx: Context) -> Terms:
    """What is in force, for everybody on the roster.

    Raises:
        NotBound.
    """
    await require_person(ctx)
    return await _latest(None)


async def may_change(ctx: Context) -> bool:
    """Whether the caller is an officer of the district."""
    return Role.DISTRICT_OFFICER in (await access.reach(ctx)).roles


async def change(ctx: Context, *, number: int, values: Mapping[str, Any], reason: str) -> Terms:
    """Set some of the settings anew; the others stay. `number` is that of the version it was decided on.

    Raises:
        NotBound.
        NotAllowed: the caller is no officer of the district.
        BadInput: for each value that can't be set a sentence; nothing is changed.
        TermsChanged: somebody else changed them meanwhile.
    """
    person = await require_person(ctx)
    if not await may_change(ctx):
        raise NotAllowed
    reason = one_line(reason, longest=LONGEST_REASON, field="reason")
    before = await _latest(None)
    wanted = {**said(before.district), **values}
    district = read(wanted)
    if before.number != number:
        raise TermsChanged
    changed = sorted(key for key, value in said(district).items() if value != said(before.district)[key])
    if not changed:
        raise BadInput(values="没有改动任何一项，不用保存")
    try:
        async with in_transaction():
            row = await HandbookTerms.create(
                number=number + 1, values=said(district), reason=reason, set_by_id=person.id, at=ctx.now()
            )
            await audit.record(ctx, "handbook.terms_changed", f"handbook_terms:{row.number}", keys=changed)
    except IntegrityError:  # Somebody was quicker by a moment.
        raise TermsChanged from None
    return Terms(row.number, district, reason, person, row.at)


async def versions(ctx: Context, *, limit: int = 20) -> list[HandbookTerms]:
    """Who changed the settings when and why, the newest first.

    Raises:
        NotBound.
    """
    await require_person(ctx)
    return await HandbookTerms.all().order_by("-number").limit(limit).select_related("set_by")


def read(values: Mapping[str, Any]) -> District:
    """Settings out of what was written down. Pure.

    Raises:
        BadInput: for each that can't be set a sentence.
    """
    bad = {key: "没有这一项设置，请去掉" for key in values if key not in BY_KEY}
    found: dict[str, Any] = {}
    for key, value in values.items():
        try:
            found[key] = BY_KEY[key].read(value) if key in BY_KEY else None
        except Unfit as why:
            bad[key] = f"{BY_KEY[key].name}：{why}"
    if not bad:
        bad = _together(found)
    if bad:
        raise BadInput(**bad)
    return District(**found)


def _together(found: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong between settings that each would do."""
    default = PROPOSALS
    one = {key: found.get(key, getattr(default, key)) for key in BY_KEY}
    bad = {}
    if Decimal(one["lecture_hours_least"]) > Decimal(one["lecture_hours_most"]):
        bad["lecture_hours_least"] = "一次党课最少学时不能多于最多学时"
    if one["half_day_hours"] > Decimal(one["training_hours_most"]):
        bad["half_day_hours"] = "半天最多学时不能多于一次培训最多学时"
    if one["leader_hours"] < one["member_hours"]:
        bad["leader_hours"] = "书记和班子成员每年学时不能少于党员每年学时"
    return bad


def said(district: District) -> dict[str, Any]:
    """Settings as they are written down; `read` reads them as the same. Pure."""
    return {one.name: _plain(one.name, getattr(district, one.name)) for one in fields(district)}


def _plain(key: str, value: Any) -> Any:
    match key:
        case "excellent_share":
            return f"{value.numerator}/{value.denominator}"
        case "star_bands":
            return [least for least, stars in value if stars in STARS]
        case "vetoes":
            return [{"name": name, "stars": stars} for name, stars in value]
    return list(value) if isinstance(value, tuple) else value


async def _latest(at: datetime | None) -> Terms:
    rows = HandbookTerms.filter(at__lte=at) if at is not None else HandbookTerms.all()
    row = await rows.order_by("-number").first().select_related("set_by")
    if row is None:
        return Terms(0, PROPOSALS)
    return Terms(row.number, _kept(row.values), row.reason, row.set_by, row.at)


def _kept(values: Mapping[str, Any]) -> District:
    """A version as it was written; what a later limit would refuse still counts as it was set."""
    default = said(PROPOSALS)
    try:
        return read({key: value for key, value in values.items() if key in default})
    except BadInput as error:
        return read({key: value for key, value in values.items() if key in default.keys() - error.fields})
