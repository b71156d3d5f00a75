"""The practice cases in the chat: the list, one case's steps, one role's steps."""

import re

from bot.messages import Message
from bot.replies import Reply
from handlers import cases
from handlers.case_content import CaseContent
from handlers.cases import Placed
from handlers.context import Context

OPENING = re.compile(r"(?:流程|案例)(?:[\s:：]+(?P<words>\S.*)|\s*(?P<number>[Cc]?[1-9]))$")
ROLE_OPENING = re.compile(r"角色[\s:：]+(?P<words>\S{1,12})$")
HOW = "发“流程 2”或“流程 换届”看一个案例的步骤，发“角色 监票人”看一个角色做什么。"


def listed(message: Message, ctx: Context) -> Reply:
    """The nine cases by number."""
    lines = [
        f"{case.code[1:]}. {case.title}（{len(case.steps)} 步，关键 {case.key_steps} 步）"
        for case in cases.casebook().cases.values()
    ]
    return "\n".join(["一套案例：", *lines, HOW])


def steps(message: Message, ctx: Context) -> Reply:
    """The steps of the case that was named, the key ones first."""
    found = OPENING.match(message.content)
    said = (found["words"] or found["number"]) if found else ""
    case = cases.find(said)
    if case is None:
        return f"没有找到“{said[:20]}”这个案例。发“案例”看全部九个。"
    return told(case, f"{ctx.settings.public_url}/cases/{case.code}")


def told(case: CaseContent, address: str) -> str:
    """One case as a text; what doesn't fit one message waits behind “更多”."""
    key: list[str] = []
    others: list[str] = []
    for placed in cases.steps_of(case):
        (key if placed.step.key else others).append(line(placed))
    rules = "、".join(str(citation) for citation in case.citations)
    head = [f"{case.title}，共 {len(case.steps)} 步。带读版：{address}", f"依据：{rules}", case.note]
    parts = [*filter(None, head), f"关键步骤（{len(key)} 步，不能省）：", *key, "其他步骤：", *others]
    return "\n".join(parts)


def line(placed: Placed) -> str:
    """One step: its number, who does it by sign and label, and what."""
    role = cases.role(placed.step.role)
    return f"{placed.number}. {role.sign}{role.name}：{placed.step.do}。"


def one_role(message: Message, ctx: Context) -> Reply:
    """What one role does across the cases."""
    found = ROLE_OPENING.match(message.content)
    role = cases.find_role(found["words"]) if found else None
    if role is None:
        names = "、".join(f"{one.sign}{one.name}" for one in cases.casebook().roles.values())
        return f"没有这个角色。可以选：{names}。"
    lines = [f"{role.sign}{role.name}：{role.does}。"]
    for case in cases.casebook().cases.values():
        own = [one for one in cases.steps_of(case) if one.step.role == role.code]
        if own:
            lines.append(f"【{case.title}】")
            lines += [f"{one.number}. {'（关键）' if one.step.key else ''}{one.step.do}。" for one in own]
    every = (one for case in cases.casebook().cases.values() for one in cases.steps_of(case))
    beside = [one for one in every if role.code in one.step.also]
    lines += ["别人主做时："] if beside else []
    lines += [f"{one.name} {one.case.title}：{one.step.also[role.code]}。" for one in beside]
    return "\n".join(lines)
