"""What waits for the caller, over HTTP: 待办."""

from dataclasses import asdict

from pydantic import Field

from handlers import todos
from handlers.context import Context
from handlers.errors import NotBound
from miniprogram_api.table import BOUND, Route
from miniprogram_api.views import View


class TodosView(View):
    """Counts of what waits; 0 where it doesn't concern the caller."""

    visits_to_confirm: int = Field(description="等待确认的预约")
    claims_to_decide: int = Field(description="等待审核的补单")
    claims_to_pay: int = Field(description="等待拨付的补单")
    texts_to_read: int = Field(description="等待人工看的文字")
    questions_to_answer: int = Field(description="等待人工回答的提问")
    complaints_to_answer: int = Field(description="等待答复的意见建议")
    claims_to_correct: int = Field(description="退回修改的补单")
    visits_to_claim: int = Field(description="可以补单的活动")
    filings_to_decide: int = Field(description="等待办理的备案")
    rotations_to_settle: int = Field(description="等待报人选或确认的轮训")
    showcase_to_settle: int = Field(description="等待察看、审定、复核或补充的样板")
    results_to_sign: int = Field(description="等待签收的评估结果")
    findings_due: int = Field(description="快到期或已到期的整改")
    findings_to_accept: int = Field(description="等待验收的整改")
    branches_to_assess: int = Field(description="等待去评估的党支部")
    weak_branches_due: int = Field(description="快期满或已期满的软弱涣散整顿")
    records_due: int = Field(description="现在该记的支部记录")
    records_to_finish: int = Field(description="写了还没有签发的支部记录")


async def show(ctx: Context) -> TodosView:
    """What waits."""
    return TodosView(**asdict(await todos.mine(ctx)))


ROUTES = (Route("GET", "/todos", show, BOUND, "待办", None, TodosView, refuses=(NotBound,)),)
