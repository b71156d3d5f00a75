"""What the district sets for the checks of records, over HTTP: everybody reads it, the district changes it."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from handlers import record_terms
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound, TermsChanged
from handlers.record_terms import SETTINGS, Terms
from miniprogram_api.forms import Form, Line
from miniprogram_api.table import BOUND, DISTRICT, Route
from miniprogram_api.views import Moment, View

Word = Annotated[Line, Field(max_length=record_terms.LONGEST_WORD)]
Words = Annotated[list[Word], Field(max_length=20)]
Hours = Annotated[str, StringConstraints(max_length=6)]
Number = Annotated[int, Field(ge=1, le=400)]


class CapForm(Form):
    """A matter that lowers the stars."""

    name: Word = Field(description="事项")
    stars: int = Field(ge=1, le=4, description="出现时最多评几星")


class HandbookTermsForm(Form):
    """What is to change; what isn't given stays."""

    number: int = Field(ge=0, le=2**31 - 1, description="您看到的那一版的编号；别人先改过就不保存")
    reason: Line = Field(max_length=record_terms.LONGEST_REASON, description="为什么改，依据哪份通知")
    letter_days: Number | None = Field(None, description="介绍信有效期，天")
    member_hours: Number | None = Field(None, description="党员每年学时，不低于32")
    leader_hours: Number | None = Field(None, description="书记和班子成员每年学时，不低于56")
    half_day_hours: Number | None = Field(None, description="半天最多学时")
    lecture_hours_least: Hours | None = Field(None, description="一次党课最少学时，如 0.5")
    lecture_hours_most: Hours | None = Field(None, description="一次党课最多学时")
    training_hours_most: Hours | None = Field(None, description="一次培训最多学时")
    grades: Words | None = Field(None, description="民主评议等次，从好到差")
    ratings: Words | None = Field(None, description="述职评议等次，从好到差")
    sheets: Words | None = Field(None, description="支部评分表")
    excellent_share: Annotated[str, StringConstraints(max_length=7)] | None = Field(
        None, description="优秀比例提示线，如 1/3"
    )
    star_bands: Annotated[list[int], Field(max_length=4)] | None = Field(
        None, description="五星到二星各要多少分"
    )
    vetoes: Annotated[list[CapForm], Field(max_length=20)] | None = Field(None, description="一票降档事项")
    rounding: Literal["half_up", "down", "up"] | None = Field(None, description="党费不足一分时怎样取整")
    theme_day_reminder: Number | None = Field(None, description="次月几日提醒上月的主题党日")
    followup_days: Number | None = Field(None, description="反馈期限提示，天")
    late_days: Number | None = Field(None, description="会后超过几天录入标“补录”")
    oath_months: Number | None = Field(None, description="入党宣誓提示，几个月")


class SettingView(View):
    """One setting."""

    key: str
    name: str
    meaning: str = Field(description="起什么作用")
    basis: str = Field(description="依据")
    limits: str = Field(description="可以填什么")
    unit: str
    value: Any = Field(description="现在的值：数、文字、分数，或一行一项的列表")
    proposal: Any = Field(description="本系统的建议值")


class HandbookTermsView(View):
    """What is in force."""

    number: int = Field(description="第几版；0 是还没有改过，用建议值")
    settings: list[SettingView]
    reason: str
    set_by: str
    at: Moment | None


async def show(ctx: Context) -> HandbookTermsView:
    """What is in force."""
    return view(await record_terms.show(ctx))


async def change(ctx: Context, *, form: HandbookTermsForm) -> HandbookTermsView:
    """Set some anew."""
    values = form.model_dump(exclude={"number", "reason"}, exclude_none=True)
    return view(await record_terms.change(ctx, number=form.number, values=values, reason=form.reason))


def view(terms: Terms) -> HandbookTermsView:
    """The settings with their meaning."""
    values, proposals = record_terms.said(terms.district), record_terms.said(record_terms.PROPOSALS)
    return HandbookTermsView(
        number=terms.number, reason=terms.reason, at=terms.at,
        set_by=terms.set_by.name if terms.set_by is not None else "",
        settings=[
            SettingView(
                key=one.key, name=one.name, meaning=one.meaning, basis=one.basis, limits=one.limits,
                unit=one.unit, value=values[one.key], proposal=proposals[one.key],
            )
            for one in SETTINGS
        ],
    )  # fmt: skip


# fmt: off
ROUTES = (
    Route("GET", "/handbook/terms", show, BOUND, "区里给手册定的数和等次，各有含义和依据", None, HandbookTermsView, refuses=(NotBound,)),
    Route("PUT", "/handbook/terms", change, DISTRICT, "改区里给手册定的数和等次（区级）", HandbookTermsForm, HandbookTermsView, refuses=(NotBound, NotAllowed, TermsChanged)),
)
# fmt: on
