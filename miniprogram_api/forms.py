"""The forms people send: their fields, their limits, and a Chinese sentence for each mistake.

Fields we don't know are passed over, so that a newer mini program can speak to an older server.
"""

import json
from datetime import date
from math import isfinite
from typing import Annotated, Any, Literal, NoReturn, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic_core import ErrorDetails

from handlers.answering.shapes import Citation
from handlers.entries import Wording
from handlers.errors import BadInput
from miniprogram_api.answers import Rejected
from models import BookingStatus, EntryStatus, Scope, SiteCategory, SiteService

LARGEST_ID = 2**31 - 1

FormT = TypeVar("FormT", bound="Form")


def _printable(text: str) -> str:
    if any(char < " " and char not in "\n\r\t" for char in text):
        raise ValueError("含有不能识别的控制字符")
    return text


def _line(text: str) -> str:
    if any(char < " " for char in text):
        raise ValueError("请写在一行里，不要换行")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_printable)]
"""Something a person wrote; stored as is, so without characters a database refuses."""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(_line)]
Code = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[\x21-\x7e]+$")]
"""An opaque word of a program: a login code, a scanned code, a template's id."""


Day = Annotated[date, Field(ge=date(2000, 1, 1), le=date(2199, 12, 31))]
"""A day that can be reckoned with in every zone."""


class Form(BaseModel):
    """Base of all forms. Types are exact: a number in quotes is no number."""

    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, frozen=True)


class Query(BaseModel):
    """Base of what stands behind the question mark; there everything is text."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False, frozen=True)


class LoginForm(Form):
    """What wx.login gave."""

    code: Code = Field(description="wx.login 返回的 code")


class BindForm(Form):
    """What getPhoneNumber gave."""

    phone_code: Code = Field(description="getPhoneNumber 返回的 code")


class SiteQuery(Query):
    """Which sites, and near what."""

    category: SiteCategory | None = Field(None, description="类别")
    q: Annotated[str, AfterValidator(_line)] = Field(
        "", max_length=40, description="名称、镇街或功能，也可用拼音或拼音首字母"
    )
    lat: float | None = Field(None, ge=-90, le=90, description="纬度，与 lng 一起给出")
    lng: float | None = Field(None, ge=-180, le=180, description="经度，与 lat 一起给出")
    datum: Literal["gcj02", "wgs84"] = Field("gcj02", description="lat、lng 的坐标系；wgs84 会先换算")
    limit: int = Field(200, ge=1, le=200, description="最多几处")
    training_base: bool | None = Field(None, description="true：只看实训基地，可以像普通活动一样预约")


class SlotQuery(Query):
    """Which days' slots."""

    since: Day | None = Field(None, alias="from", description="从哪天起，默认今天")
    until: Day | None = Field(None, alias="to", description="到哪天止，默认 30 天后，最多 92 天")


class BookingForm(Form):
    """A branch's wish."""

    slot_id: int = Field(ge=1, le=LARGEST_ID, description="时段")
    headcount: int = Field(ge=1, le=500, description="人数")
    theme: Line = Field(max_length=80, description="活动主题")
    wait: bool = Field(False, description="名额不足时是否加入候补")
    branch_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="负责几个支部时说明是哪一个")
    activity: Annotated[SiteService, Field(strict=False)] | None = Field(
        None, description="开展什么活动，可以不填"
    )
    exclusive: bool | None = Field(
        None, description="是否独占时段；不独占就是同意与其他支部拼场。不填时，组织生活会独占，其他可以拼场"
    )


class HeadcountForm(Form):
    """How many come now."""

    headcount: int = Field(ge=1, le=500, description="改成多少人；增加的名额要么全有，要么不改")


class ReasonForm(Form):
    """Why a booking is declined."""

    reason: Text = Field(max_length=200, description="原因，会告诉预约的支部")


class PageQuery(Query):
    """Which page of a list."""

    cursor: int | None = Field(None, ge=1, le=LARGEST_ID, description="上一页给出的 next")
    limit: int = Field(20, ge=1, le=100, description="一页几条")


class BookingQuery(PageQuery):
    """Which bookings."""

    status: BookingStatus | None = Field(None, description="状态")


class ScanForm(Form):
    """A scanned code."""

    code: Code = Field(description="扫到的内容")
    nonce: Annotated[str, Field(max_length=64, pattern=r"^[\x21-\x7e]*$")] = Field(
        "", description="这次扫码的随机串，重发时不变"
    )


class UploadForm(Form):
    """A keeper's offline log."""

    scans: list[dict[str, Any]] = Field(
        min_length=1, max_length=500, description="离线扫到的党员码，每条为 {code, at}，at 为带时区的时间"
    )


class AnswersForm(Form):
    """What a reader chose in a lesson's quiz, question by question."""

    answers: list[Annotated[str, Field(max_length=8)]] = Field(
        max_length=20, description="按题目顺序的选项，如 A；没有作答写空"
    )


class SubscriptionForm(Form):
    """What wx.requestSubscribeMessage returned for one template."""

    template_id: Code = Field(max_length=64, description="订阅消息模板")
    result: Literal["accept", "reject", "ban", "filter"] = Field(description="用户的选择")


class LessonChoiceForm(Form):
    """Whether somebody wants the Friday lesson."""

    wants: bool = Field(description="每周五要不要收微课")


class QuestionForm(Form):
    """A question in a person's own words."""

    text: Text = Field(max_length=600, description="问题")


class SuggestionForm(Form):
    """A question that is still being typed: in a body, so that no log of addresses keeps it."""

    text: str = Field(max_length=100, description="已经打出来的字，最多100字；空的没有提示")


class FeedbackForm(Form):
    """Whether an answer helped."""

    useful: bool = Field(description="有没有用")


class QuestionQuery(Query):
    """Which questions."""

    status: Literal["unanswered"] = Field("unanswered", description="等待人工回答的问题")


class ReplyForm(Form):
    """A person's answer to a question."""

    text: Text = Field(max_length=600, description="回答")


class ClusterReplyForm(ReplyForm):
    """A person's answer to questions that ask the same."""

    question_ids: list[Annotated[int, Field(ge=1, le=LARGEST_ID)]] | None = Field(
        None, min_length=1, max_length=1000, description="只答复其中这些问题；不填就是整组"
    )
    draft: bool = Field(False, description="同时存为知识条目草稿，问法作为测试")


class PeriodQuery(Query):
    """Which weeks."""

    since: Day | None = Field(None, alias="from", description="从哪天所在的周起，默认 12 周前")
    until: Day | None = Field(None, alias="to", description="到哪天所在的周止，默认今天")


class CitationForm(Form):
    """A rule by its short name, and the article where it is verified."""

    rule: Line = Field(max_length=40, description="法规简称")
    article: Annotated[str, Field(max_length=30, pattern=r"^\S*$")] = Field("", description="条号，如第七条")


Written = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_printable)]
"""Something that may be empty in a draft."""
EntryCode = Annotated[str, Field(pattern=r"^[a-z0-9-]{3,32}$")]
Asking = Annotated[Line, Field(max_length=120)]
OtherDay = Annotated[Day, Field(strict=False)]


class EntryForm(Form):
    """What a knowledge entry is to say."""

    topic: Line = Field(max_length=40, description="主题")
    question: Line = Field(max_length=120, description="标准问题")
    askings: list[Asking] = Field(default=[], max_length=100, description="各种问法")
    answer: Written = Field("", max_length=600, description="简短答案，第一句就回答问题")
    details: Written = Field("", max_length=4000, description="具体做法")
    citations: list[CitationForm] = Field(default=[], max_length=20, description="依据")
    scope: list[Annotated[Scope, Field(strict=False)]] = Field(
        default=[], max_length=7, description="适用单位类型；不填为都适用"
    )
    in_force_from: OtherDay | None = Field(None, description="从哪天起有效")
    in_force_until: OtherDay | None = Field(None, description="到哪天止有效，含当天")
    replaced_by: EntryCode | Literal[""] = Field("", description="被哪个条目替代")
    related: list[EntryCode] = Field(default=[], max_length=20, description="相关条目")
    tests: list[Asking] = Field(default=[], max_length=100, description="发布前必须能答对的真实问法")


class DraftForm(EntryForm):
    """A changed wording of what was read."""

    version: int = Field(ge=0, le=LARGEST_ID, description="您看到的草稿版本；还没有草稿时为 0")


class VersionForm(Form):
    """Which draft was read."""

    version: int = Field(ge=1, le=LARGEST_ID, description="您看到的草稿版本")


class SendBackForm(VersionForm, ReasonForm):
    """What must be changed in the draft that was read."""

    reason: Text = Field(max_length=200, description="要改什么")


class EntryQuery(PageQuery):
    """Which entries."""

    topic: Annotated[str, AfterValidator(_line)] = Field("", max_length=40, description="主题")
    q: Annotated[str, AfterValidator(_line)] = Field("", max_length=40, description="问题、答案里的字或代号")
    status: EntryStatus | None = Field(None, description="状态；draft 为有草稿待审")


SENTENCES: dict[str, str] = {
    "missing": "请填写此项",
    "string_type": "应是文字",
    "string_unicode": "含有不能识别的字符",
    "string_too_short": "请填写此项",
    "string_too_long": "不能超过 {max_length} 个字",
    "string_pattern_mismatch": "格式不对",
    "int_type": "应是整数",
    "int_parsing": "应是整数",
    "int_parsing_size": "数字太大",
    "int_from_float": "应是整数",
    "float_type": "应是数字",
    "float_parsing": "应是数字",
    "finite_number": "应是普通的数字",
    "greater_than_equal": "不能小于 {ge}",
    "less_than_equal": "不能大于 {le}",
    "bool_type": "应是 true 或 false",
    "bool_parsing": "应是 true 或 false",
    "list_type": "应是列表",
    "dict_type": "应是对象",
    "model_type": "应是对象",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "不能超过 {max_length} 项",
    "enum": "不在可选范围内",
    "literal_error": "不在可选范围内",
    "date_type": "应是日期，如 2026-11-20",
    "date_parsing": "应是日期，如 2026-11-20",
    "date_from_datetime_parsing": "应是日期，如 2026-11-20",
    "date_from_datetime_inexact": "应是日期，如 2026-11-20",
    "value_error": "{error}",
}
"""By pydantic's error type."""


def wording(form: EntryForm) -> Wording:
    """What the form wants an entry to say."""
    given: dict[str, Any] = dict(form)
    given |= {name: tuple(value) for name, value in given.items() if isinstance(value, list)}
    given.pop("version", None)
    given["citations"] = tuple(Citation(one.rule, one.article) for one in form.citations)
    return Wording(**given)


def fill(form: type[FormT] | type[BaseModel], given: object) -> Any:
    """The form, filled in.

    Raises:
        BadInput: with a sentence per field.
    """
    try:
        return form.model_validate(given)
    except ValidationError as error:
        mistakes = error.errors(include_url=False, include_input=False)
    raise BadInput(**{_field(mistake): _sentence(mistake) for mistake in reversed(mistakes)})


def parse(body: bytes) -> object:
    """JSON as the standard has it: no NaN, no half characters, no text that isn't UTF-8.

    Raises:
        Rejected: whatever is wrong with it.
    """
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_no, parse_float=_number)
    except (ValueError, RecursionError):
        raise Rejected("bad_json") from None


def _no(_: str) -> NoReturn:
    raise ValueError


def _number(text: str) -> float | int:
    # To JSON Schema 25.0 is an integer; to Python it would be none.
    value = float(text)
    if not isfinite(value):
        raise ValueError
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _field(mistake: ErrorDetails) -> str:
    return ".".join(str(part) for part in mistake["loc"]) or "body"


def _sentence(mistake: ErrorDetails) -> str:
    return SENTENCES.get(mistake["type"], "填写有误").format(**mistake.get("ctx", {}))
