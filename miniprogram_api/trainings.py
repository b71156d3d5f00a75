"""Training classes and trips over HTTP: places, attendance, completion."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from handlers import training_attendance, trainings, worker_terms
from handlers.context import Context
from handlers.errors import (
    BadCode,
    InAnotherTraining,
    NoBooking,
    NotAllowed,
    NotBound,
    NotFound,
    TooEarly,
    TooLate,
    TrainingFull,
    WrongState,
)
from handlers.training_attendance import Result, TraineeState
from handlers.trainings import Conditions, SessionWish
from miniprogram_api.filings import Id
from miniprogram_api.forms import Code, Form, Line, PageQuery, Text
from miniprogram_api.table import BOUND, DISTRICT, OFFICERS, Route
from miniprogram_api.views import Moment, View
from miniprogram_api.workers import UnitView
from models import Enrolment, EnrolmentStatus, Trainee, Training, TrainingSession, TrainingStatus

When = Annotated[
    AwareDatetime,
    Field(
        strict=False,
        ge=datetime.fromisoformat("2000-01-01T00:00:00+08:00"),
        le=datetime.fromisoformat("2199-12-31T00:00:00+08:00"),
    ),
]


class SessionForm(Form):
    """A part of a class."""

    title: Annotated[Line, Field(max_length=80)] = Field(description="内容")
    starts_at: When = Field(description="开始，带时区")
    ends_at: When = Field(description="结束")
    hours: int = Field(ge=0, le=24, description="学时")
    teacher: Annotated[str, Field(max_length=40)] = Field("", description="授课人")


class ConditionsForm(Form):
    """What completing this class asks for."""

    attendance_percent: int = Field(ge=0, le=100, description="出勤不少于百分之几，0 为不要求")
    needs_quiz: bool = Field(description="是否要通过测验")
    needs_summary: bool = Field(description="是否要交观摩总结")


class TrainingForm(Form):
    """A new class."""

    code: Annotated[Line, Field(max_length=20)] = Field(description="班次编号，不重复")
    kind: Annotated[Line, Field(max_length=12)] = Field(
        description="班次：town、village、department、new、enterprise、newcomer、visit（现场观摩）"
    )
    topic: Annotated[Line, Field(max_length=80)] = Field(description="主题")
    place: Annotated[Line, Field(max_length=120)] = Field(description="地点")
    capacity: int = Field(ge=1, le=2000, description="名额")
    sessions: list[SessionForm] = Field(min_length=1, max_length=60, description="课程表")
    host_id: Id | None = Field(None, description="主办单位，默认区委组织部")
    conditions: ConditionsForm | None = Field(None, description="结业条件；不填按本区建议值")


class TrainingEditForm(Form):
    """What is to change."""

    capacity: int | None = Field(None, ge=1, le=2000, description="名额，不能少于已录取的")
    conditions: ConditionsForm | None = Field(None, description="结业条件")


class EnrolmentForm(Form):
    """A unit's group: all of them or none."""

    unit_id: Id = Field(description="报名单位")
    person_ids: list[Id] = Field(min_length=1, max_length=60, description="名单，只能是本单位的")
    wait: bool = Field(False, description="名额不够时整组候补")


class LeavingForm(Form):
    """Who doesn't come."""

    person_ids: list[Id] = Field(default=[], max_length=60, description="退出的人；空为整组")


class CallOffForm(Form):
    """Why a class is called off."""

    reason: Text = Field(max_length=200, description="原因，会告诉报名的人")


class SessionCodeForm(Form):
    """A scanned code."""

    code: Code = Field(description="扫到的内容")


class SessionNamesForm(Form):
    """A paper list."""

    names: list[Annotated[Line, Field(max_length=40)]] = Field(
        min_length=1, max_length=200, description="到场的人，只在本班名单里找"
    )


class ResultForm(Form):
    """One trainee's."""

    trainee_id: Id = Field(description="学员")
    quiz: bool | None = Field(None, description="测验是否通过")
    summary: bool | None = Field(None, description="总结是否已交")


class ResultsForm(Form):
    """Quiz and summary, as far as given."""

    results: list[ResultForm] = Field(min_length=1, max_length=500, description="只记通过与否，不记分数")


class ConditionsView(View):
    """What completing asks for."""

    attendance_percent: int
    needs_quiz: bool
    needs_summary: bool


class TrainingView(View):
    """A class."""

    id: int
    code: str
    kind: str
    kind_name: str
    topic: str
    place: str
    host: UnitView
    starts_at: Moment
    ends_at: Moment
    capacity: int
    free: int = Field(description="剩余名额")
    status: TrainingStatus
    conditions: ConditionsView = Field(description="结业条件，本班自定")


class TrainingsView(View):
    """A page of classes."""

    items: list[TrainingView]
    next: int | None


class SessionPartView(View):
    """A part of a class."""

    id: int
    number: int
    title: str
    teacher: str
    starts_at: Moment
    ends_at: Moment
    hours: int = Field(description="学时")


class TrainingWholeView(View):
    """A class with its parts."""

    training: TrainingView
    sessions: list[SessionPartView]


class MemberView(View):
    """One of a group."""

    trainee_id: int
    person_id: int
    name: str
    comes: bool = Field(description="没有退出")


class EnrolmentView(View):
    """A unit's group."""

    id: int
    training_id: int
    unit: UnitView
    headcount: int
    status: EnrolmentStatus
    members: list[MemberView]


class EnrolmentsView(View):
    """The caller's groups of a class."""

    items: list[EnrolmentView]
    next: None = None


class TraineeView(View):
    """A trainee, for who runs the class."""

    trainee_id: int
    name: str
    unit: str
    sessions: list[int] = Field(description="到过的节次")
    quiz: bool | None
    summary: bool | None
    completed: bool = Field(description="是否达到本班的结业条件")


class TraineesView(View):
    """Everybody in a class."""

    items: list[TraineeView]
    next: None = None


class SessionCodeView(View):
    """What is shown at the door."""

    session_id: int
    code: str
    page: str = Field(description="二维码里放的网址")


class ArrivedView(View):
    """Whether it was the first time."""

    status: Literal["present", "already"]
    title: str


class SessionNameView(View):
    """What became of one name."""

    name: str
    status: Literal["present", "already", "unknown_name", "same_name"]


class SessionNamesView(View):
    """What became of each name, in the order they were sent."""

    items: list[SessionNameView]
    next: None = None


async def create(ctx: Context, *, form: TrainingForm) -> TrainingWholeView:
    """Open a class."""
    wishes = [
        SessionWish(one.title, one.starts_at, one.ends_at, one.hours, one.teacher) for one in form.sessions
    ]
    made = await trainings.create(
        ctx, code=form.code, kind=form.kind, topic=form.topic, place=form.place, capacity=form.capacity,
        sessions=wishes, host_id=form.host_id, conditions=conditions(form.conditions),
    )  # fmt: skip
    return await show(ctx, training_id=made.id)


async def edit(ctx: Context, *, training_id: int, form: TrainingEditForm) -> TrainingView:
    """Change places or conditions."""
    row = await trainings.edit(
        ctx, training_id=training_id, capacity=form.capacity, conditions=conditions(form.conditions)
    )
    return shown(await trainings.get(row.id))


async def index(ctx: Context, *, form: PageQuery) -> TrainingsView:
    """All classes."""
    page = await trainings.list_trainings(ctx, cursor=form.cursor, limit=form.limit)
    return TrainingsView(items=[shown(row) for row in page.items], next=page.next)


async def show(ctx: Context, *, training_id: int) -> TrainingWholeView:
    """One class."""
    row, parts = await trainings.get_training(ctx, training_id=training_id)
    return TrainingWholeView(training=shown(row), sessions=[part(one) for one in parts])


async def call_off(ctx: Context, *, training_id: int, form: CallOffForm) -> TrainingView:
    """Call a class off."""
    return shown(await trainings.call_off(ctx, training_id=training_id, reason=form.reason))


async def enrol(ctx: Context, *, training_id: int, form: EnrolmentForm) -> EnrolmentView:
    """Send a group."""
    made = await trainings.enrol(
        ctx, training_id=training_id, unit_id=form.unit_id, person_ids=form.person_ids, wait=form.wait
    )
    members = await Trainee.filter(enrolment_id=made.id).order_by("id").select_related("person")
    return enrolment(made, members)


async def enrolments(ctx: Context, *, training_id: int) -> EnrolmentsView:
    """The caller's groups."""
    found = await trainings.list_enrolments(ctx, training_id=training_id)
    return EnrolmentsView(items=[enrolment(row, members) for row, members in found])


async def leave(ctx: Context, *, enrolment_id: int, form: LeavingForm) -> EnrolmentView:
    """Take some out."""
    row = await trainings.cancel(ctx, enrolment_id=enrolment_id, person_ids=form.person_ids)
    members = await Trainee.filter(enrolment_id=row.id).order_by("id").select_related("person")
    return enrolment(row, members)


async def trainees(ctx: Context, *, training_id: int) -> TraineesView:
    """Everybody in a class."""
    return listed(await training_attendance.trainees(ctx, training_id=training_id))


async def code(ctx: Context, *, session_id: int) -> SessionCodeView:
    """The code at the door."""
    row, text = await training_attendance.session_code(ctx, session_id=session_id)
    page = f"{ctx.settings.public_url.rstrip('/')}/trainings/in/{text}"
    return SessionCodeView(session_id=row.id, code=text, page=page)


async def check_in(ctx: Context, *, form: SessionCodeForm) -> ArrivedView:
    """Here."""
    arrived = await training_attendance.check_in(ctx, code=form.code)
    return ArrivedView(status="already" if arrived.again else "present", title=arrived.session.title)


async def names(ctx: Context, *, session_id: int, form: SessionNamesForm) -> SessionNamesView:
    """A paper list."""
    answers = await training_attendance.enter_names(ctx, session_id=session_id, names=form.names)
    return SessionNamesView(items=[SessionNameView(name=one.name, status=one.status) for one in answers])


async def results(ctx: Context, *, training_id: int, form: ResultsForm) -> TraineesView:
    """Quiz and summary."""
    given = [Result(one.trainee_id, one.quiz, one.summary) for one in form.results]
    return listed(await training_attendance.keep_results(ctx, training_id=training_id, results=given))


async def close(ctx: Context, *, training_id: int) -> TraineesView:
    """Settle completions and hours."""
    return listed(await training_attendance.close(ctx, training_id=training_id))


def conditions(form: ConditionsForm | None) -> Conditions | None:
    """Conditions as the use-case knows them."""
    return Conditions(**dict(form)) if form is not None else None


def shown(row: Training) -> TrainingView:
    """A class."""
    return TrainingView(
        id=row.id, code=row.code, kind=row.kind, kind_name=worker_terms.name("training_kinds", row.kind),
        topic=row.topic, place=row.place, host=UnitView(id=row.host.id, name=row.host.name),
        starts_at=row.starts_at, ends_at=row.ends_at, capacity=row.capacity, free=row.capacity - row.taken,
        status=row.status,
        conditions=ConditionsView(
            attendance_percent=row.attendance_percent, needs_quiz=row.needs_quiz,
            needs_summary=row.needs_summary,
        ),
    )  # fmt: skip


def part(row: TrainingSession) -> SessionPartView:
    """A part of a class."""
    return SessionPartView(
        id=row.id, number=row.number, title=row.title, teacher=row.teacher, starts_at=row.starts_at,
        ends_at=row.ends_at, hours=row.hours,
    )  # fmt: skip


def enrolment(row: Enrolment, members: list[Trainee]) -> EnrolmentView:
    """A group."""
    return EnrolmentView(
        id=row.id, training_id=row.training_id, unit=UnitView(id=row.unit.id, name=row.unit.name),
        headcount=row.headcount, status=row.status,
        members=[
            MemberView(
                trainee_id=one.id, person_id=one.person_id, name=one.person.name,
                comes=one.live_key is not None,
            )
            for one in members
        ],
    )  # fmt: skip


def listed(states: list[TraineeState]) -> TraineesView:
    """Everybody in a class."""
    return TraineesView(
        items=[
            TraineeView(
                trainee_id=one.trainee.id, name=one.trainee.person.name,
                unit=one.trainee.enrolment.unit.name, sessions=one.sessions, quiz=one.trainee.quiz,
                summary=one.trainee.summary, completed=one.meets,
            )
            for one in states
        ]
    )  # fmt: skip


OFFICE = (NotBound, NotAllowed)
CHANGES = (*OFFICE, WrongState)

# fmt: off
ROUTES = (
    Route("POST", "/trainings", create, DISTRICT, "开一期培训班或观摩", TrainingForm, TrainingWholeView, (201,), (*OFFICE, NotFound), creates=True),
    Route("GET", "/trainings", index, BOUND, "培训班和观摩", PageQuery, TrainingsView, refuses=(NotBound,)),
    Route("POST", "/trainings/check-ins", check_in, BOUND, "扫码到课", SessionCodeForm, ArrivedView, refuses=(NotBound, NotFound, BadCode, NoBooking, TooEarly, TooLate)),
    Route("GET", "/trainings/{training_id}", show, BOUND, "一期班和课程表", None, TrainingWholeView, refuses=(NotBound,)),
    Route("PUT", "/trainings/{training_id}", edit, DISTRICT, "改名额或结业条件", TrainingEditForm, TrainingView, refuses=CHANGES),
    Route("POST", "/trainings/{training_id}/cancel", call_off, DISTRICT, "取消一期班", CallOffForm, TrainingView, refuses=CHANGES),
    Route("POST", "/trainings/{training_id}/enrolments", enrol, OFFICERS, "报名：整组录取或整组候补", EnrolmentForm, EnrolmentView, (201,), (*CHANGES, TrainingFull, InAnotherTraining), creates=True, apart=lambda form: form.wait),
    Route("GET", "/trainings/{training_id}/enrolments", enrolments, OFFICERS, "本单位报的名", None, EnrolmentsView, refuses=OFFICE),
    Route("POST", "/enrolments/{enrolment_id}/cancel", leave, OFFICERS, "退出几个人或整组", LeavingForm, EnrolmentView, refuses=CHANGES),
    Route("GET", "/trainings/{training_id}/trainees", trainees, OFFICERS, "学员、到课和结业，给主办单位", None, TraineesView, refuses=OFFICE),
    Route("POST", "/trainings/{training_id}/results", results, OFFICERS, "测验和总结，只记通过与否", ResultsForm, TraineesView, refuses=CHANGES),
    Route("POST", "/trainings/{training_id}/close", close, OFFICERS, "结班：核定结业，登记学时", None, TraineesView, refuses=CHANGES),
    Route("GET", "/training-sessions/{session_id}/code", code, OFFICERS, "一节课的到课码", None, SessionCodeView, refuses=OFFICE),
    Route("POST", "/training-sessions/{session_id}/names", names, OFFICERS, "按纸质名单登记到课", SessionNamesForm, SessionNamesView, refuses=(*CHANGES, TooEarly, TooLate)),
)
# fmt: on
