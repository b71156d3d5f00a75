"""The practice cases over HTTP: by case, by role."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from pydantic import Field

from handlers import cases
from handlers.case_content import CaseContent, CaseRole, Phase
from handlers.cases import Placed
from handlers.context import Context
from handlers.errors import NotFound
from miniprogram_api.forms import Query
from miniprogram_api.table import LOGGED_IN, Route
from miniprogram_api.views import View


class StepsQuery(Query):
    """In which order."""

    key_first: bool = Field(False, description="关键步骤排在前面")


class RoleView(View):
    """A role. Show sign and label with the colour: nobody should have to tell roles by colour alone."""

    code: str
    name: str
    label: str
    sign: str
    colour: str
    does: str
    has_vote: bool


class BesideView(View):
    """What another role does meanwhile."""

    role: str
    do: str


class RecordView(View):
    """The template of the handbook in which a step's paper is kept."""

    code: str
    name: str


class StepView(View):
    """One step."""

    case: str
    number: int
    code: str
    phase: Phase
    role: RoleView
    do: str
    key: bool
    leaves: list[str]
    record: RecordView
    citations: list[str] = Field(description="依据；空的是操作建议，没有专门条文")
    beside: list[BesideView]


class CaseSummaryView(View):
    """A case in a list."""

    code: str
    title: str
    scene: str
    source: str
    steps: int
    key_steps: int
    roles: list[str]
    citations: list[str]


class CaseView(CaseSummaryView):
    """A whole case."""

    note: str
    cast: list[RoleView]
    items: list[StepView]


class CasesView(View):
    """All cases."""

    items: list[CaseSummaryView]


class RolesView(View):
    """All roles."""

    items: list[RoleView]


class RoleAcrossView(View):
    """Everything one role does across the cases."""

    role: RoleView
    items: list[StepView]
    beside: list[StepView] = Field(description="别人主做、这个角色配合的步骤")


async def index(ctx: Context) -> CasesView:
    """The nine cases."""
    return CasesView(items=[CaseSummaryView(**summary(case)) for case in await cases.list_cases(ctx)])


async def show(ctx: Context, *, case: str, form: StepsQuery) -> CaseView:
    """One case with its steps."""
    found = await cases.get_case(ctx, code=case)
    steps = cases.ordered(cases.steps_of(found), key_first=form.key_first)
    cast = [role_view(cases.role(code)) for code in found.roles]
    return CaseView(**summary(found), note=found.note, cast=cast, items=[step_view(one) for one in steps])


async def roles(ctx: Context) -> RolesView:
    """The 24 roles."""
    return RolesView(items=[role_view(role) for role in await cases.list_roles(ctx)])


async def role(ctx: Context, *, role: str, form: StepsQuery) -> RoleAcrossView:
    """What one role does in every case."""
    found = await cases.get_role(ctx, code=role, key_first=form.key_first)
    return RoleAcrossView(
        role=role_view(found.role),
        items=[step_view(one) for one in found.steps],
        beside=[step_view(one) for one in found.beside],
    )


def summary(case: CaseContent) -> dict[str, object]:
    """What a list says of a case."""
    return {
        "code": case.code,
        "title": case.title,
        "scene": case.scene,
        "source": case.source,
        "steps": len(case.steps),
        "key_steps": case.key_steps,
        "roles": list(case.roles),
        "citations": [str(citation) for citation in case.citations],
    }


def role_view(role: CaseRole) -> RoleView:
    """A role as people see it."""
    given = role.model_dump(include={"code", "name", "label", "sign", "colour", "does"})
    return RoleView(**given, has_vote=role.vote == "yes")


def step_view(placed: Placed) -> StepView:
    """A step as people see it."""
    step = placed.step
    return StepView(
        case=placed.case.code,
        number=placed.number,
        code=placed.name,
        phase=step.phase,
        role=role_view(cases.role(step.role)),
        do=step.do,
        key=step.key,
        leaves=list(step.leaves),
        record=RecordView(code=step.record, name=cases.record_name(step.record)),
        citations=[str(citation) for citation in step.citations],
        beside=[BesideView(role=code, do=do) for code, do in step.also.items()],
    )


# fmt: off
ROUTES = (
    Route("GET", "/cases", index, LOGGED_IN, "九个实训案例", None, CasesView),
    Route("GET", "/cases/roles", roles, LOGGED_IN, "24 个角色", None, RolesView),
    Route("GET", "/cases/roles/{role}", role, LOGGED_IN, "一个角色在各案例里做什么", StepsQuery, RoleAcrossView, refuses=(NotFound,)),
    Route("GET", "/cases/{case}", show, LOGGED_IN, "一个案例的全部步骤", StepsQuery, CaseView, refuses=(NotFound,)),
)
# fmt: on
