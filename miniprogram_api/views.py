"""What people get to see: the shape of every answer, with no more in it than its reader needs."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, WithJsonSchema

from handlers.answering.shapes import Answer
from handlers.bookings import COMING
from handlers.checkins import CheckInResult, ScanAnswer, ShownCode
from handlers.clusters import Cluster
from handlers.context import Caller
from handlers.entries import Kept, Page, Tried
from handlers.knowledge import columns
from handlers.lesson_content import LessonContent
from handlers.lessons import Grade, LessonSummary, LessonView
from handlers.question_statistics import WeekOfTopic
from handlers.regulations import Original, RuleSummary
from handlers.sites import SiteSummary
from miniprogram_api.answers import CHINA
from models import (
    Booking,
    BookingStatus,
    Duty,
    Entry,
    EntryDraft,
    EntryStatus,
    EntryVersion,
    Membership,
    Organization,
    OrganizationKind,
    Person,
    Question,
    Role,
    Scope,
    Site,
    SiteCategory,
    SiteService,
    SiteStatus,
    Slot,
)

Moment = Annotated[
    datetime,
    PlainSerializer(lambda moment: moment.astimezone(CHINA).isoformat(timespec="seconds")),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time as the contract has it: RFC 3339 with Beijing's offset."""


class View(BaseModel):
    """Base of all answers."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


class OrganizationView(View):
    """A party organization."""

    id: int
    name: str
    kind: OrganizationKind


class DutyView(View):
    """A role on an organization or a site."""

    role: Role
    organization: OrganizationView | None
    site_id: str | None


class PersonView(View):
    """The caller's own row of the roster."""

    id: int
    name: str
    membership: Membership
    organization: OrganizationView
    duties: list[DutyView]


class SessionView(View):
    """A login. `person` is null until the account is bound."""

    token: str
    expires_at: Moment
    person: PersonView | None


class BoundView(View):
    """Whom the account belongs to now."""

    person: PersonView


class MeView(View):
    """The caller: the account, and the person once it is bound."""

    account_id: int
    follows: bool
    lesson_choice: bool | None
    person: PersonView | None


class ExportView(View):
    """Everything kept about the caller."""

    model_config = ConfigDict(extra="allow")


class PositionView(View):
    """Where something is, in the datum that Chinese maps use."""

    lng: float
    lat: float
    datum: Literal["gcj02"] = "gcj02"


class OpenLocationView(View):
    """What wx.openLocation takes, as it is."""

    latitude: float
    longitude: float
    name: str
    address: str
    scale: int = Field(16, description="地图缩放级别")


class GuideView(View):
    """Somebody who shows visitors around."""

    name: str
    languages: list[str]
    hours: str = Field(description="什么时候可约")


class SiteView(View):
    """A site on the map. Its contact is for branches with a confirmed visit."""

    id: str
    name: str
    category: SiteCategory
    town: str
    address: str
    position: PositionView
    capacity: int
    open_location: OpenLocationView = Field(description="直接交给 wx.openLocation 导航")
    intro: str
    services: list[SiteService] = Field(description="可承担的活动")
    features: list[str] = Field(description="功能")
    facilities: list[str] = Field(description="设施")
    fee: int = Field(description="每人收费，单位分；0 是免费")
    fee_from_dues: bool | None = Field(description="收费能不能用党费列支；免费时为 null")
    guides: list[GuideView] = Field(description="讲解员")
    parking: int | None = Field(description="停车位数；没有说明时为 null")
    access: bool | None = Field(description="是否无障碍；没有说明时为 null")
    images: list[str] = Field(description="图片地址")
    notes: str = Field(description="注意事项")
    status: SiteStatus
    needs_approval: bool
    is_training_base: bool
    is_demo: bool
    distance_m: int | None = Field(description="离给出的位置多少米；没给位置时为 null")


class SitesView(View):
    """The map."""

    items: list[SiteView]
    next: None = None


class SlotView(View):
    """A bookable stretch of time."""

    id: int
    site_id: str
    starts_at: Moment
    ends_at: Moment
    capacity: int
    free: int = Field(description="剩余名额；被独占时为 0")
    alone: bool = Field(description="已被一个支部独占")
    closed: bool


class SlotsView(View):
    """A site's slots."""

    items: list[SlotView]
    next: None = None


class DoorCodeView(View):
    """What the tablet at the door shows now."""

    site_id: str
    code: str
    expires_at: Moment


class MemberCodeView(View):
    """What a member shows to a keeper; ids only, and a signature."""

    code: str
    expires_at: Moment


class BookedSiteView(View):
    """Where a visit goes. `contact` is null unless the visit is confirmed."""

    id: str
    name: str
    town: str
    address: str
    position: PositionView
    contact: str | None


class BookedSlotView(View):
    """When a visit takes place."""

    id: int
    starts_at: Moment
    ends_at: Moment


class BookingView(View):
    """A branch's visit to a site."""

    id: int
    status: BookingStatus
    site: BookedSiteView
    slot: BookedSlotView
    branch: OrganizationView
    headcount: int
    theme: str
    reason: str
    created_at: Moment
    activity: SiteService | None = Field(description="开展什么活动；没有说明时为 null")
    exclusive: bool = Field(description="是否独占时段")
    guests: int = Field(description="有几名其他支部的党员个人加入")
    offered_until: Moment | None = Field(description="候补的名额保留到什么时候；没有时为 null")


class BookingsView(View):
    """A page of bookings, newest first."""

    items: list[BookingView]
    next: int | None


class PlaceView(View):
    """A site's name."""

    id: str
    name: str


class CheckInView(View):
    """The person is present; `present` counts heads of the visit."""

    status: Literal["checked_in", "already"]
    site: PlaceView
    booking_id: int
    present: int


class ScanView(View):
    """What became of one scan of the log."""

    code: str
    status: str = Field(description="checked_in、already，或没有签到成功的原因代码")


class ScansView(View):
    """What became of each scan, in the order they were sent."""

    items: list[ScanView]
    next: None = None


class CitationView(View):
    """A rule, and its article where it is verified."""

    rule: str
    article: str


class LessonSummaryView(View):
    """A lesson in the list. `friday` is the next or latest Friday it stands on."""

    id: int
    title: str
    strand: str
    friday: date | None


class LessonsView(View):
    """The course."""

    items: list[LessonSummaryView]
    next: None = None


class PartView(View):
    """One of the things to read."""

    heading: str
    text: str


class ExampleView(View):
    """Something real-looking, worked through."""

    title: str
    text: str


class ExerciseView(View):
    """Something to try."""

    task: str
    model_solution: str


class QuizView(View):
    """A question without its answer."""

    number: int
    question: str
    options: list[str]


class WholeLessonView(LessonSummaryView):
    """A lesson to read. The quiz is explained once it was answered."""

    aims: list[str]
    parts: list[PartView]
    example: ExampleView
    exercise: ExerciseView
    quiz: list[QuizView]


class GradeView(View):
    """What is said about one answer; for the learner only."""

    number: int
    chosen: str
    right: bool
    answer: str
    explanation: str
    citations: list[str]


class GradesView(View):
    """The quiz, explained."""

    items: list[GradeView]
    next: None = None


class ChoiceView(View):
    """An entry that may have been meant."""

    entry: str
    question: str


class SubscriptionView(View):
    """How many messages of a template the account admits."""

    template_id: str
    remaining: int


class LessonChoiceView(View):
    """Whether the Friday lesson comes to the caller."""

    wants: bool = Field(description="每周五会不会收到微课")


class SuggestionsView(View):
    """Questions with an answer that somebody who is typing may mean, the likeliest first."""

    items: list[ChoiceView]


class AnswerView(View):
    """An answer: given, one of a few, declined, or not known (a person will answer then)."""

    id: int | None
    kind: Literal["answer", "choices", "declined", "none"]
    text: str
    entry: str | None
    confidence: float
    citations: list[CitationView]
    choices: list[ChoiceView]


class QuestionView(View):
    """A question that waits for a person's answer; who asked is nobody's business."""

    id: int
    text: str
    asked_at: Moment
    answer: str | None
    answered_at: Moment | None


class QuestionsView(View):
    """Questions that wait, the oldest first."""

    items: list[QuestionView]
    next: None = None


class ClusterView(View):
    """Questions that ask the same; who asked is nobody's business."""

    id: int = Field(description="其中第一个问题")
    askings: list[str] = Field(description="不同的问法，问得多的在前")
    question_ids: list[int]
    people: int = Field(description="有几个人问过")
    first_asked_at: Moment
    last_asked_at: Moment
    answer: str | None


class ClustersView(View):
    """What waits for a person, what most asked first."""

    items: list[ClusterView]
    next: None = None


class WeekOfTopicView(View):
    """What was asked about a topic in a week. Counts under 3 are not shown apart."""

    week: str = Field(description="ISO 周，如 2026-W47")
    topic: str
    asked: int
    unknown: int | None = Field(description="没有答上或被认为没用的；不足 3 而不为 0 时为 null")


class QuestionStatisticsView(View):
    """What is asked, and what isn't known."""

    items: list[WeekOfTopicView]
    next: None = None


class WordingView(View):
    """What an entry says, or is to say."""

    topic: str
    question: str
    askings: list[str]
    answer: str
    details: str
    citations: list[CitationView]
    scope: list[Scope]
    in_force_from: date | None
    in_force_until: date | None
    replaced_by: str
    related: list[str]


class DraftView(View):
    """What is proposed. Who wrote at it may not approve it."""

    code: str
    version: int
    base_version: int = Field(description="针对条目的哪个版本；0 为新条目")
    editor_ids: list[int]
    reason: str = Field(description="退回的原因；没有退回时为空")
    edited_at: Moment
    wording: WordingView
    tests: list[str]


class PublishedView(View):
    """What is published, or was until it was retired."""

    code: str
    version: int
    status: EntryStatus
    wording: WordingView


class EntryView(View):
    """An entry as staff see it."""

    code: str
    published: PublishedView | None
    draft: DraftView | None


class EntriesView(View):
    """A page of entries."""

    items: list[EntryView]
    next: int | None


class VersionView(PublishedView):
    """One of an entry's versions. Nobody is named where it came with the service."""

    at: Moment
    editor_ids: list[int]
    approved_by_id: int | None
    tests: list[str]


class VersionsView(View):
    """An entry's versions, the newest first."""

    items: list[VersionView]
    next: None = None


class TrialView(View):
    """What one of a draft's tests leads to, were it published."""

    asking: str
    kind: Literal["answer", "choices", "declined", "none"]
    entry: str | None
    right: bool


class TrialsView(View):
    """A draft's tests."""

    items: list[TrialView]
    next: None = None


class RuleView(View):
    """A rule. `articles` counts those whose text is here."""

    rule: str
    title: str
    issuer: str
    issued: str = Field(description="发布日期，只知道年月时写到年月；不知道时为空")
    status: str
    replaced_by: str
    articles: int


class RulesView(View):
    """Every rule that answers cite."""

    items: list[RuleView]
    next: None = None


class ArticleView(View):
    """An article word for word, with its rule's date and status."""

    rule: str
    title: str
    issuer: str
    issued: str
    status: str
    replaced_by: str
    article: str
    chapter: str
    text: str


def organization(row: Organization) -> OrganizationView:
    """An organization by name."""
    return OrganizationView(id=row.id, name=row.name, kind=row.kind)


def person(row: Person, duties: Sequence[Duty]) -> PersonView:
    """One's own row."""
    return PersonView(
        id=row.id,
        name=row.name,
        membership=row.membership,
        organization=organization(row.organization),
        duties=[
            DutyView(
                role=duty.role,
                organization=organization(duty.organization) if duty.organization else None,
                site_id=duty.site_id,
            )
            for duty in duties
        ],
    )


def site(row: Site, distance_m: int | None = None) -> SiteView:
    """A site on the map."""
    return SiteView(
        id=row.id,
        name=row.name,
        category=row.category,
        town=row.town,
        address=row.address,
        position=position(row),
        capacity=row.capacity,
        open_location=OpenLocationView(
            latitude=round(row.latitude, 6),
            longitude=round(row.longitude, 6),
            name=row.name,
            address=row.address,
        ),
        intro=row.intro,
        services=row.services,
        features=row.features,
        fee=row.fee,
        fee_from_dues=row.fee_from_dues if row.fee else None,
        guides=guides(row),
        parking=row.parking,
        access=row.access,
        facilities=row.facilities,
        images=row.images,
        notes=row.notes,
        status=row.status,
        needs_approval=row.needs_approval,
        is_training_base=row.is_training_base,
        is_demo=row.is_demo,
        distance_m=distance_m,
    )


def guides(row: Site) -> list[GuideView]:
    """Who shows visitors around."""
    return [GuideView.model_validate({"languages": [], "hours": ""} | guide) for guide in row.guides]


def position(row: Site) -> PositionView:
    """Where a site is; six places are 10 cm."""
    return PositionView(lng=round(row.longitude, 6), lat=round(row.latitude, 6))


def sites(summaries: Sequence[SiteSummary]) -> SitesView:
    """The map."""
    return SitesView(items=[site(one.site, one.distance_m) for one in summaries])


def slots(rows: Sequence[Slot]) -> SlotsView:
    """A site's slots."""
    return SlotsView(
        items=[
            SlotView(
                id=row.id,
                site_id=row.site_id,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                capacity=row.capacity,
                free=row.free,
                alone=row.alone,
                closed=row.closed,
            )
            for row in rows
        ]
    )


def booking(row: Booking) -> BookingView:
    """A visit; the use-case fetched its slot, site and branch, and took out what isn't to be seen."""
    place = row.slot.site
    return BookingView(
        id=row.id,
        status=row.status,
        site=BookedSiteView(
            id=place.id,
            name=place.name,
            town=place.town,
            address=place.address,
            position=position(place),
            # A second lock on the door: whoever hands a booking here may not have known its reader.
            contact=place.contact or None if row.status in COMING else None,
        ),
        slot=BookedSlotView(id=row.slot.id, starts_at=row.slot.starts_at, ends_at=row.slot.ends_at),
        branch=organization(row.branch),
        headcount=row.headcount,
        theme=row.theme,
        reason=row.reason,
        created_at=row.created_at,
        activity=row.activity,
        exclusive=row.exclusive,
        guests=row.guests,
        offered_until=row.offered_until if row.status is BookingStatus.OFFERED else None,
    )


def door_code(site_id: str, shown: ShownCode) -> DoorCodeView:
    """What the tablet shows."""
    return DoorCodeView(site_id=site_id, code=shown.code, expires_at=shown.until)


def member_code(shown: ShownCode) -> MemberCodeView:
    """What a member shows."""
    return MemberCodeView(code=shown.code, expires_at=shown.until)


def check_in(result: CheckInResult) -> CheckInView:
    """Who scanned is present."""
    return CheckInView(
        status=result.status.value,
        site=PlaceView(id=result.site.id, name=result.site.name),
        booking_id=result.booking.id,
        present=result.present,
    )


def scans(answers: Sequence[ScanAnswer]) -> ScansView:
    """What became of an offline log."""
    return ScansView(items=[ScanView(code=one.code, status=one.status) for one in answers])


def lessons(rows: Sequence[LessonSummary]) -> LessonsView:
    """The course."""
    items = [
        LessonSummaryView(id=row.id, title=row.title, strand=row.strand, friday=row.friday) for row in rows
    ]
    return LessonsView(items=items)


def lesson(row: LessonView) -> WholeLessonView:
    """A lesson to read."""
    content: LessonContent = row.content
    return WholeLessonView(
        id=row.id,
        title=row.title,
        strand=row.strand,
        friday=row.friday,
        aims=content.aims,
        parts=[PartView(heading=part.heading, text=part.text) for part in content.parts],
        example=ExampleView(title=content.example.title, text=content.example.text),
        exercise=ExerciseView(task=content.exercise.task, model_solution=content.exercise.model_solution),
        quiz=[
            QuizView(number=number, question=one.question, options=one.options)
            for number, one in enumerate(content.quiz, start=1)
        ],
    )


def grades(rows: Sequence[Grade]) -> GradesView:
    """The quiz, explained."""
    return GradesView(
        items=[
            GradeView(
                number=row.number,
                chosen=row.chosen,
                right=row.right,
                answer=row.answer,
                explanation=row.explanation,
                citations=list(row.citations),
            )
            for row in rows
        ]
    )


def answer(given: Answer) -> AnswerView:
    """An answer, as `ask` prints it."""
    return AnswerView(
        id=given.question_id,
        kind=given.kind,
        text=given.text,
        entry=given.entry,
        confidence=round(given.confidence, 4),
        citations=[CitationView(rule=one.rule, article=one.article) for one in given.citations],
        choices=[ChoiceView(entry=code, question=text) for code, text in given.choices],
    )


def question(row: Question) -> QuestionView:
    """A question that waits."""
    return QuestionView(
        id=row.id, text=row.text, asked_at=row.asked_at, answer=row.answer, answered_at=row.answered_at
    )


def cluster(found: Cluster) -> ClusterView:
    """Questions that ask the same."""
    first, last = found.asked_at
    return ClusterView(
        id=found.id,
        askings=found.askings,
        question_ids=[question.id for question in found.questions],
        people=found.people,
        first_asked_at=first,
        last_asked_at=last,
        answer=found.answer,
    )


def question_statistics(rows: Sequence[WeekOfTopic]) -> QuestionStatisticsView:
    """What is asked, and what isn't known."""
    return QuestionStatisticsView(items=[WeekOfTopicView(**asdict(row)) for row in rows])


def wording(content: Mapping[str, Any]) -> WordingView:
    """An entry's columns, or a draft's content."""
    scopes = [] if content["scope"] == "any" else content["scope"].split(",")
    return WordingView.model_validate({**content, "scope": scopes})


def draft(row: EntryDraft) -> DraftView:
    """What is proposed."""
    return DraftView(
        code=row.code,
        version=row.version,
        base_version=row.base_version,
        editor_ids=row.editor_ids,
        reason=row.reason,
        edited_at=row.edited_at,
        wording=wording(row.content),
        tests=row.tests,
    )


def published(row: Entry) -> PublishedView:
    """What is published."""
    content = wording(columns(row))
    return PublishedView(code=row.code, version=row.version, status=row.status, wording=content)


def entry(kept: Kept) -> EntryView:
    """An entry as staff see it."""
    return EntryView(
        code=kept.code,
        published=published(kept.entry) if kept.entry else None,
        draft=draft(kept.draft) if kept.draft else None,
    )


def entries(page: Page) -> EntriesView:
    """A page of entries."""
    return EntriesView(items=[entry(kept) for kept in page.items], next=page.next)


def versions(rows: Sequence[EntryVersion]) -> VersionsView:
    """An entry's versions."""
    return VersionsView(
        items=[
            VersionView(
                code=row.code,
                version=row.version,
                status=row.status,
                wording=wording(row.content),
                at=row.at,
                editor_ids=row.editor_ids,
                approved_by_id=row.approved_by_id,
                tests=row.tests,
            )
            for row in rows
        ]
    )


def trials(rows: Sequence[Tried]) -> TrialsView:
    """A draft's tests."""
    return TrialsView(items=[TrialView.model_validate(asdict(row)) for row in rows])


def rules(rows: Sequence[RuleSummary]) -> RulesView:
    """Every rule."""
    return RulesView(items=[RuleView(**asdict(row)) for row in rows])


def article(original: Original) -> ArticleView:
    """An article word for word."""
    rule = original.rule
    return ArticleView(
        rule=rule.rule,
        title=rule.title,
        issuer=rule.issuer,
        issued=rule.issued,
        status=rule.status,
        replaced_by=rule.replaced_by,
        article=original.article,
        chapter=original.chapter,
        text=original.text,
    )


def me(caller: Caller, whole: PersonView | None) -> MeView:
    """The caller."""
    assert caller.account is not None  # noqa: S101 (the dispatcher lets nobody through without one)
    return MeView(
        account_id=caller.account.id,
        follows=caller.account.follows,
        lesson_choice=caller.account.lesson_choice,
        person=whole,
    )
