"""跟班轮训 over HTTP: rounds, turns, swaps."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from handlers import rotation_swaps, rotations
from handlers.context import Context
from handlers.errors import (
    MentorTaken,
    NotAllowed,
    NotBound,
    NotCompleted,
    NotFound,
    RotatedLately,
    WrongState,
)
from handlers.rotations import Turn
from miniprogram_api.filings import Id, WhyForm
from miniprogram_api.forms import Form, Query
from miniprogram_api.table import BOUND, DISTRICT, OFFICERS, Route
from miniprogram_api.views import View
from miniprogram_api.workers import JsonDay, MoveView, UnitView, moved
from models import Rotation, RotationStatus, RotationSwap, SwapStatus


class RoundForm(Form):
    """A new round."""

    first_month: JsonDay = Field(description="从哪个月开始，写这个月的任何一天")


class RoundQuery(Query):
    """Which round."""

    round: int | None = Field(None, ge=1, le=10_000, description="第几轮，默认最近一轮")


class NomineeForm(Form):
    """Who goes."""

    person_id: Id = Field(description="本镇街在岗的党务工作者")


class ReplacementForm(Form):
    """Who goes instead."""

    person_id: Id = Field(description="替换的人")
    reason: Annotated[str, Field(min_length=1, max_length=300)] = Field(description="原因")


class MentorForm(Form):
    """Who takes care of them."""

    mentor_id: Id = Field(description="带教人，组织科的同志")


class OnDayForm(Form):
    """On which day."""

    on: JsonDay = Field(description="哪一天")


class MetForm(Form):
    """What is met so far."""

    met: list[Literal["attendance", "quiz", "mentor"]] = Field(
        max_length=3, description="已经齐备的：考勤、业务测验、带教人评价"
    )


class LogForm(Form):
    """What one likes to note down."""

    text: Annotated[str, Field(max_length=5000)] = Field(description="跟班日志，自愿写")


class SwapForm(Form):
    """With whom."""

    with_id: Id = Field(description="同一轮里另一个镇街的轮次")


class RotationView(View):
    """A town's turn; who goes is only shown to whom it concerns."""

    id: int
    round: int
    unit: UnitView
    month: date
    place: int
    status: RotationStatus
    status_name: str
    person_id: int | None
    name: str
    mentor: str
    arrived_on: date | None
    ended_on: date | None
    met: list[str]
    reason: str


class RotationsView(View):
    """A round."""

    items: list[RotationView]
    next: None = None


class RotationWholeView(View):
    """A turn with all its moves."""

    rotation: RotationView
    log: str
    moves: list[MoveView]


class SwapView(View):
    """Two turns that are to change months."""

    id: int
    status: SwapStatus
    mine: RotationView
    theirs: RotationView


class SwapsView(View):
    """Open swaps."""

    items: list[SwapView]
    next: None = None


class SwapStateView(View):
    """How a swap stands."""

    id: int
    status: SwapStatus


class OwnLogView(View):
    """One's own log."""

    rotation_id: int
    log: str


async def open_round(ctx: Context, *, form: RoundForm) -> RotationsView:
    """Plan a round."""
    rows = await rotations.open_round(ctx, first_month=form.first_month)
    return RotationsView(items=[shown(row) for row in rows])


async def index(ctx: Context, *, form: RoundQuery) -> RotationsView:
    """A round."""
    return RotationsView(
        items=[turn(one) for one in await rotations.list_rotations(ctx, round_number=form.round)]
    )


async def show(ctx: Context, *, rotation_id: int) -> RotationWholeView:
    """One turn."""
    row, moves = await rotations.get_rotation(ctx, rotation_id=rotation_id)
    return RotationWholeView(rotation=shown(row), log=row.log, moves=moved(moves))


async def nominate(ctx: Context, *, rotation_id: int, form: NomineeForm) -> RotationView:
    """Name a person."""
    return shown(await rotations.nominate(ctx, rotation_id=rotation_id, person_id=form.person_id))


async def confirm(ctx: Context, *, rotation_id: int, form: MentorForm) -> RotationView:
    """Confirm with a mentor."""
    return shown(await rotations.confirm(ctx, rotation_id=rotation_id, mentor_id=form.mentor_id))


async def arrive(ctx: Context, *, rotation_id: int, form: OnDayForm) -> RotationView:
    """They have come."""
    return shown(await rotations.arrive(ctx, rotation_id=rotation_id, on=form.on))


async def assess(ctx: Context, *, rotation_id: int, form: MetForm) -> RotationView:
    """What is met."""
    return shown(await rotations.assess(ctx, rotation_id=rotation_id, met=list(form.met)))


async def graduate(ctx: Context, *, rotation_id: int, form: OnDayForm) -> RotationView:
    """Through."""
    return shown(await rotations.graduate(ctx, rotation_id=rotation_id, on=form.on))


async def replace(ctx: Context, *, rotation_id: int, form: ReplacementForm) -> RotationView:
    """Another goes."""
    row = await rotations.replace(ctx, rotation_id=rotation_id, person_id=form.person_id, reason=form.reason)
    return shown(row)


async def stop(ctx: Context, *, rotation_id: int, form: WhyForm) -> RotationView:
    """Ended before its time."""
    return shown(await rotations.stop(ctx, rotation_id=rotation_id, reason=form.reason))


async def miss(ctx: Context, *, rotation_id: int, form: WhyForm) -> RotationView:
    """Nobody goes."""
    return shown(await rotations.miss(ctx, rotation_id=rotation_id, reason=form.reason))


async def log(ctx: Context, *, rotation_id: int, form: LogForm) -> OwnLogView:
    """One's own log."""
    row = await rotations.write_log(ctx, rotation_id=rotation_id, text=form.text)
    return OwnLogView(rotation_id=row.id, log=row.log)


async def swap(ctx: Context, *, rotation_id: int, form: SwapForm) -> SwapStateView:
    """Ask another town."""
    return state(await rotation_swaps.propose(ctx, rotation_id=rotation_id, with_id=form.with_id))


async def swaps(ctx: Context) -> SwapsView:
    """Open swaps."""
    return SwapsView(
        items=[
            SwapView(id=row.id, status=row.status, mine=anonymous(row.mine), theirs=anonymous(row.theirs))
            for row in await rotation_swaps.list_swaps(ctx)
        ]
    )


async def agree(ctx: Context, *, swap_id: int) -> SwapStateView:
    """The other town agrees."""
    return state(await rotation_swaps.agree(ctx, swap_id=swap_id))


async def decline(ctx: Context, *, swap_id: int) -> SwapStateView:
    """No, or taken back."""
    return state(await rotation_swaps.decline(ctx, swap_id=swap_id))


async def confirm_swap(ctx: Context, *, swap_id: int) -> SwapStateView:
    """The section confirms."""
    return state(await rotation_swaps.confirm(ctx, swap_id=swap_id))


def state(row: RotationSwap) -> SwapStateView:
    """How a swap stands."""
    return SwapStateView(id=row.id, status=row.status)


def turn(one: Turn) -> RotationView:
    """A turn as the caller may see it."""
    return shown(one.rotation) if one.shows_person else anonymous(one.rotation)


def shown(row: Rotation) -> RotationView:
    """A turn with its people (fetched)."""
    return anonymous(row).model_copy(
        update={
            "person_id": row.person_id,
            "name": row.person.name if row.person is not None else "",
            "mentor": row.mentor.name if row.mentor is not None else "",
            "met": row.met,
            "reason": row.reason,
        }
    )


def anonymous(row: Rotation) -> RotationView:
    """A turn without its people."""
    return RotationView(
        id=row.id, round=row.round.number, unit=UnitView(id=row.unit.id, name=row.unit.name), month=row.month,
        place=row.place, status=row.status, status_name=rotations.STATUS_WORDS[row.status], person_id=None,
        name="", mentor="", arrived_on=row.arrived_on, ended_on=row.ended_on, met=[], reason="",
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed, WrongState)

# fmt: off
ROUTES = (
    Route("POST", "/rotations/rounds", open_round, DISTRICT, "排一轮跟班轮训", RoundForm, RotationsView, (201,), (NotBound, NotAllowed), creates=True),
    Route("GET", "/rotations", index, OFFICERS, "一轮跟班轮训", RoundQuery, RotationsView, refuses=(NotBound, NotAllowed)),
    Route("GET", "/rotations/swaps", swaps, OFFICERS, "等待办理的调换", None, SwapsView, refuses=(NotBound, NotAllowed)),
    Route("POST", "/rotations/swaps/{swap_id}/agree", agree, OFFICERS, "同意调换", None, SwapStateView, refuses=OFFICE),
    Route("POST", "/rotations/swaps/{swap_id}/decline", decline, OFFICERS, "不调换，或收回", None, SwapStateView, refuses=OFFICE),
    Route("POST", "/rotations/swaps/{swap_id}/confirm", confirm_swap, DISTRICT, "组织科确认调换", None, SwapStateView, refuses=OFFICE),
    Route("GET", "/rotations/{rotation_id}", show, OFFICERS, "一个轮次和它的经过", None, RotationWholeView, refuses=(NotBound, NotAllowed)),
    Route("POST", "/rotations/{rotation_id}/nominate", nominate, OFFICERS, "报人选", NomineeForm, RotationView, refuses=(*OFFICE, RotatedLately)),
    Route("POST", "/rotations/{rotation_id}/confirm", confirm, DISTRICT, "确认人选，指定带教人", MentorForm, RotationView, refuses=(*OFFICE, MentorTaken)),
    Route("POST", "/rotations/{rotation_id}/arrive", arrive, DISTRICT, "报到", OnDayForm, RotationView, refuses=OFFICE),
    Route("POST", "/rotations/{rotation_id}/assess", assess, DISTRICT, "考核：哪几项已齐备", MetForm, RotationView, refuses=OFFICE),
    Route("POST", "/rotations/{rotation_id}/graduate", graduate, DISTRICT, "结业", OnDayForm, RotationView, refuses=(*OFFICE, NotCompleted)),
    Route("POST", "/rotations/{rotation_id}/replace", replace, OFFICERS, "替换人选", ReplacementForm, RotationView, refuses=(*OFFICE, RotatedLately)),
    Route("POST", "/rotations/{rotation_id}/stop", stop, DISTRICT, "中止", WhyForm, RotationView, refuses=OFFICE),
    Route("POST", "/rotations/{rotation_id}/miss", miss, OFFICERS, "无人应训，书面说明", WhyForm, RotationView, refuses=OFFICE),
    Route("POST", "/rotations/{rotation_id}/swaps", swap, OFFICERS, "想和另一个镇街调换月份", SwapForm, SwapStateView, (201,), refuses=(*OFFICE, NotFound), creates=True),
    Route("PUT", "/rotations/{rotation_id}/log", log, BOUND, "写跟班日志（自愿）", LogForm, OwnLogView, refuses=(NotBound, WrongState)),
)
# fmt: on
