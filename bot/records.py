"""The handbook in the chat: what a template records, and what a branch has to record now."""

import re

from bot.messages import Message
from bot.replies import Reply
from bot.texts import HANDBOOK_FOR_WORKERS, NOTHING_DUE
from handlers import due_records, record_access, record_facts
from handlers.context import Context
from handlers.due_records import State
from handlers.errors import NotBound, NotFound
from handlers.template_content import Template, handbook

OPENING = re.compile(r"模板(?:[\s:：]+(?P<words>\S.*)|\s*(?P<code>[Tt]?[0-9]{1,2}))$")
MOST_DUE = 10
MOST_FIELDS = 24


def template(message: Message, ctx: Context) -> Reply:
    """What a template records, by which rules, and where to write one."""
    found = OPENING.match(message.content)
    words = (found["words"] or found["code"]).strip() if found else ""
    named = find(words)
    if len(named) != 1:
        return _which(words, named)
    (form,) = named
    fields = [f"{one.label}{'（系统计算）' if one.computed else ''}" for one in form.fields if not one.common]
    rules = list(dict.fromkeys(rule for one in form.fields for rule in map(str, one.citations)))
    shared = "时间、地点、主持、到会情况（有预约的系统会填好）；" if form.meeting else ""
    link = f"{ctx.settings.public_url.rstrip('/')}/handbook/templates/{form.code}"
    return "\n".join(
        [
            f"{form.code} {form.name}（{form.frequency}）",
            form.about,
            f"记：{shared}{'、'.join(fields[:MOST_FIELDS])}。",
            f"依据：{'、'.join(rules[:8])}{'等' if len(rules) > 8 else ''}。" if rules else "",
            f"打开就能写：{link}",
        ]
    ).replace("\n\n", "\n")


def listed(message: Message, ctx: Context) -> Reply:
    """All templates by number."""
    lines = (f"{form.code} {form.name}" for form in handbook().templates.values())
    link = f"{ctx.settings.public_url.rstrip('/')}/handbook"
    return "\n".join(["24 个纪实模板：", *lines, f"发“模板 T09”看一个记什么；在网页上看：{link}"])


async def due(message: Message, ctx: Context) -> Reply:
    """What the follower's branch has to record now; for whoever doesn't write its records, where to read."""
    link = f"{ctx.settings.public_url.rstrip('/')}/handbook"
    try:
        reader = await record_access.read_branch(ctx, None)
    except (NotBound, NotFound):
        return HANDBOOK_FOR_WORKERS.format(link=link)
    if not reader.writes:
        return HANDBOOK_FOR_WORKERS.format(link=link)
    open_ = due_records.open_now(await record_facts.gather(ctx, reader.branch, named=False))
    if not open_:
        return NOTHING_DUE.format(link=link)
    lines = [
        f"· {one.title}"
        + (f"，{one.until.month}月{one.until.day}日前" if one.state is State.OPEN else "，还没有记录")
        for one in open_[:MOST_DUE]
    ]
    more = [f"还有 {len(open_) - MOST_DUE} 项，打开可以看到。"] if len(open_) > MOST_DUE else []
    return "\n".join(
        [f"{reader.branch.name}现在要记的：", *lines, *more, f"打开就能写，知道的已经填好：{link}/year"]
    )


def find(words: str) -> list[Template]:
    """The templates meant: by code, by the whole name, or by a part of it. Pure."""
    templates = list(handbook().templates.values())
    bare = words.upper().removeprefix("T")
    if bare.isascii() and bare.isdigit():
        return [form for form in templates if int(form.code[1:]) == int(bare)]
    short = words.removesuffix("记录").removesuffix("表")
    exact = [form for form in templates if form.name == words]
    begins = [form for form in templates if short and form.name.startswith(short)]
    inside = [form for form in templates if short and short in form.name]
    return exact or (begins if len(begins) == 1 else []) or inside


def _which(words: str, named: list[Template]) -> str:
    offered = named or list(handbook().templates.values())
    head = (
        f"“{words[:20]}”有几个模板，请写编号："
        if named
        else "没有找到这个模板。现在有这些，请写编号，例如“模板 T09”："
    )
    return "\n".join([head, *(f"{form.code} {form.name}" for form in offered)])
