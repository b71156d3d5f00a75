"""The practice cases in the chat."""

from typing import Any

import pytest

from bot import cases as chat
from bot.messages import Message
from bot.replies import MORE
from bot.router import Router
from bot.routes import ROUTES
from handlers import cases
from handlers.context import Context
from handlers.lengths import TEXT_LIMIT, cut

ROUTER = Router(ROUTES)


def message(text: str) -> Message:
    fields = {"FromUserName": "o1", "ToUserName": "gh", "CreateTime": "1", "MsgType": "text", "Content": text}
    return Message(fields, "text")


def answer(ctx: Context, text: str) -> Any:
    route = ROUTER.find(message(text))
    assert route is not None
    return route.answer(message(text), ctx)


@pytest.fixture
def ctx(settings: Any) -> Any:
    """What these answers need of the outside: an address."""
    return Context(settings, None, None, now=lambda: None)  # type: ignore[arg-type, return-value]


@pytest.fixture
def database_url() -> str:
    return ""


def test_the_list_names_nine_cases_by_number(ctx: Context) -> None:
    text = answer(ctx, "案例")
    assert all(f"{n}. " in text for n in range(1, 10))
    assert "2. 党支部换届选举（26 步，关键 13 步）" in text


@pytest.mark.parametrize("said", ["流程 换届", "流程 2", "流程2", "案例 C2", "流程：换届选举"])
def test_a_case_is_told_key_steps_first(ctx: Context, said: str) -> None:
    text = answer(ctx, said)
    assert text.startswith("党支部换届选举，共 26 步")
    key, _, others = text.partition("其他步骤：")
    assert "关键步骤（13 步，不能省）" in key
    assert "12. ★党支部书记：" in key
    assert "3. ◣基层党委：" in others
    assert f"{ctx.settings.public_url}/cases/C2" in text


def test_every_case_is_told_whole_in_few_messages(ctx: Context) -> None:
    for case in cases.casebook().cases.values():
        rest, pieces = chat.told(case, "https://x.example/cases/C1"), 0
        while rest:
            piece, rest = cut(rest, ending=MORE)
            pieces += 1
            assert len(piece.encode()) <= TEXT_LIMIT
        assert pieces <= 3, case.title


def test_a_role_is_told_across_cases(ctx: Context) -> None:
    text = answer(ctx, "角色 监票人")
    assert "【党支部换届选举】\n18. " in text
    assert "21. （关键）" in text
    assert "别人主做时：\nC1-16 党支部接收预备党员：监督投票。" in text
    assert "别人主做时" not in answer(ctx, "角色 授课人")
    assert "没有这个角色" in answer(ctx, "角色 皇帝")


def test_what_is_no_case_is_said_kindly_and_a_question_stays_a_question(ctx: Context) -> None:
    assert "没有找到“红烧肉”" in answer(ctx, "流程 红烧肉")
    for text in ("流程图怎么画", "换届流程是什么", "角色定位"):
        route = ROUTER.find(message(text))
        assert route is not None
        assert route.answer.__module__ == "bot.questions"
