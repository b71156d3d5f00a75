"""Rehearsals over HTTP: open, join by code, do what one's role does now, see where it stands."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from pydantic import Field

from handlers import cases, rehearsals
from handlers import rehearsal_play as playing
from handlers.context import Context
from handlers.errors import (
    BadCode,
    NotAllowed,
    NotBound,
    NotFound,
    NotYourBranch,
    StepRefused,
    WrongState,
)
from handlers.rehearsal_play import HOST, Kind, Stage, Wish
from handlers.rehearsals import Sitting
from miniprogram_api.cases import RoleView, StepView, role_view, step_view
from miniprogram_api.forms import LARGEST_ID, Code, Form, Query
from miniprogram_api.table import BOUND, BRANCH, Route, Stream
from miniprogram_api.views import Moment, View
from models import Rehearsal


class RehearsalForm(Form):
    """Which case is played, and at which visit when there is one."""

    case: str = Field(min_length=2, max_length=4, description="案例编号，如 C2")
    booking_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="在实训基地的预约，没有就不填")
    branch_id: int | None = Field(None, ge=1, le=LARGEST_ID, description="负责几个支部时说明是哪一个")


class JoinForm(Form):
    """What was scanned from the host's phone."""

    code: Code = Field(description="主持人出示的实训码")


class ActForm(Form):
    """What somebody wants to happen."""

    kind: Kind = Field(strict=False, description="要做什么")
    role: str = Field("", max_length=4, description="选或放下角色时，是哪个角色")
    seat: int = Field(0, ge=0, le=playing.MOST_SEATS, description="请谁离席")
    step: int = Field(0, ge=0, le=99, description="确认或投票时，是第几步")
    facts: dict[str, Any] = Field({}, max_length=12, description="这一步要填的内容")


class NewsQuery(Query):
    """From where to go on."""

    after: int = Field(0, ge=0, le=LARGEST_ID, description="已经看到的 version")


class SeatView(View):
    """Somebody at the rehearsal. Names are seen by its own people only."""

    number: int
    name: str
    roles: list[str]
    here: bool
    voted: bool = Field(description="本轮投过票没有；投了什么谁也看不到")


class DoneView(View):
    """A step that was done, with the working, and the documents it leaves behind."""

    step: int
    code: str
    do: str
    by: int = Field(description="座位号；0 是系统代演")
    said: str
    leaves: list[str]


class RehearsalSummaryView(View):
    """A rehearsal in a list."""

    id: int
    case: str
    title: str
    opened_at: Moment
    finished_at: Moment | None


class RehearsalView(RehearsalSummaryView):
    """Where a rehearsal stands for one of its people. Ask again for what others did meanwhile."""

    version: int
    stage: Stage
    complete: bool = Field(description="全部步骤都做完后结束的")
    booking_id: int | None
    admits_others: bool = Field(description="主持人允许外支部的同志加入")
    seat: int = Field(description="我的座位号；1 是主持人")
    now: StepView | None = Field(description="现在的步骤；null 是都做完了")
    mine: bool = Field(description="现在的步骤由我的角色来做")
    may_confirm: bool
    may_vote: bool
    suggested: dict[str, Any] = Field(description="这一步可以预先填好的内容")
    candidates: list[str]
    cast: list[RoleView]
    seats: list[SeatView]
    done: list[DoneView]


class RehearsalsView(View):
    """The caller's rehearsals."""

    items: list[RehearsalSummaryView]


class JoinCodeView(View):
    """What the host shows as a QR code."""

    code: str


async def create(ctx: Context, *, form: RehearsalForm) -> RehearsalView:
    """Open one."""
    return view(
        await rehearsals.open_rehearsal(
            ctx, case=form.case, booking_id=form.booking_id, branch_id=form.branch_id
        )
    )


async def index(ctx: Context) -> RehearsalsView:
    """Those the caller has a seat at."""
    return RehearsalsView(
        items=[RehearsalSummaryView(**summary(one)) for one in await rehearsals.list_mine(ctx)]
    )


async def join(ctx: Context, *, form: JoinForm) -> RehearsalView:
    """Sit down, or come back."""
    return view(await rehearsals.join(ctx, code=form.code))


async def show(ctx: Context, *, rehearsal_id: int) -> RehearsalView:
    """Where it stands."""
    return view(await rehearsals.show(ctx, rehearsal_id=rehearsal_id))


async def news(ctx: Context, *, rehearsal_id: int, form: NewsQuery) -> Stream:
    """Tell where it stands whenever it has moved on, as server-sent events: each is a whole RehearsalView."""
    within = ctx.settings.rehearsal_line_seconds
    sittings = await rehearsals.watch(ctx, rehearsal_id=rehearsal_id, seen=form.after, within=within)
    return Stream(_events(sittings))


async def _events(sittings: AsyncGenerator[Sitting | None]) -> AsyncGenerator[str]:
    yield "retry: 3000\n\n"
    async with aclosing(sittings):
        async for sitting in sittings:
            if sitting is None:
                yield ":\n\n"
                continue
            shown = view(sitting)
            yield f"id: {shown.version}\nevent: rehearsal\ndata: {shown.model_dump_json()}\n\n"


async def code(ctx: Context, *, rehearsal_id: int) -> JoinCodeView:
    """The code to scan."""
    return JoinCodeView(code=await rehearsals.join_code(ctx, rehearsal_id=rehearsal_id))


async def act(ctx: Context, *, rehearsal_id: int, form: ActForm) -> RehearsalView:
    """Do something."""
    wish = Wish(form.kind, role=form.role, seat=form.seat, step=form.step, facts=form.facts)
    return view(await rehearsals.act(ctx, rehearsal_id=rehearsal_id, wish=wish))


def summary(rehearsal: Rehearsal) -> dict[str, Any]:
    """What a list says of a rehearsal."""
    return {
        "id": rehearsal.id,
        "case": rehearsal.case,
        "title": cases.casebook().cases[rehearsal.case].title,
        "opened_at": rehearsal.opened_at,
        "finished_at": rehearsal.finished_at,
    }


def view(sitting: Sitting) -> RehearsalView:
    """A rehearsal as one seat sees it."""
    play, mine = sitting.play, sitting.play.seat(sitting.seat)
    steps, step = cases.steps_of(play.case), play.current
    is_mine = step is not None and (
        step.role in mine.roles or (sitting.seat == HOST and not play.holders(step.role))
    )
    return RehearsalView(
        **summary(sitting.rehearsal),
        version=sitting.rehearsal.version,
        stage=play.stage,
        complete=play.complete,
        booking_id=sitting.rehearsal.booking_id,
        admits_others=play.admits_others,
        seat=sitting.seat,
        now=step_view(steps[play.step - 1]) if step else None,
        mine=is_mine,
        may_confirm=play.may_confirm(sitting.seat),
        may_vote=playing.may_vote(play, sitting.seat),
        suggested=playing.defaults(play) if step and is_mine else {},
        candidates=list(play.known.get("names", [])),
        cast=[role_view(cases.role(code)) for code in play.cast],
        seats=[
            SeatView(
                number=seat.number,
                name=sitting.names.get(seat.number, seat.name),
                roles=sorted(seat.roles),
                here=seat.here,
                voted=seat.number in play.voted,
            )
            for seat in play.seats
        ],
        done=[
            DoneView(
                step=done.step,
                code=steps[done.step - 1].name,
                do=steps[done.step - 1].step.do,
                by=done.seat,
                said=str(done.facts.get("said", "")),
                leaves=list(steps[done.step - 1].step.leaves),
            )
            for _, done in sorted(play.done.items())
        ],
    )


# fmt: off
ROUTES = (
    Route("POST", "/rehearsals", create, BRANCH, "开一场实训", RehearsalForm, RehearsalView, (201,), (NotBound, NotYourBranch, NotFound), creates=True),
    Route("GET", "/rehearsals", index, BOUND, "我参加的实训", None, RehearsalsView, refuses=(NotBound,)),
    Route("POST", "/rehearsals/join", join, BOUND, "扫码加入实训，断线后回到原来的座位", JoinForm, RehearsalView, refuses=(NotBound, BadCode, NotFound, StepRefused)),
    Route("GET", "/rehearsals/{rehearsal_id}", show, BOUND, "实训进行到哪里，我现在做什么", None, RehearsalView, refuses=(NotBound,)),
    Route("GET", "/rehearsals/{rehearsal_id}/code", code, BOUND, "主持人出示的实训码", None, JoinCodeView, refuses=(NotBound, NotAllowed, StepRefused)),
    Route("GET", "/rehearsals/{rehearsal_id}/news", news, BOUND, "实训有新进展时告诉我（server-sent events）", NewsQuery, refuses=(NotBound,), media="text/event-stream"),
    Route("POST", "/rehearsals/{rehearsal_id}/acts", act, BOUND, "选角色、确认步骤、投票、暂停、结束", ActForm, RehearsalView, refuses=(NotBound, NotAllowed, WrongState, StepRefused)),
)
# fmt: on
