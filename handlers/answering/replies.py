"""The sentences of a reply: the short answer first, then its rule."""

from collections.abc import Sequence

from handlers.answering.shapes import Citation, Fact

NOT_KNOWN = "这个问题我还没有可靠的依据，不敢乱答。问题已记下，会请组织部门的同志人工答复，答复后发给您。"
NOT_OURS = "我是党务知识助手，这件事不在我的范围里。党员发展、组织生活、党费、换届等党务问题，都可以问我。"
NOT_READ = "没看到文字内容。请直接打字提问，例如“预备期多长时间”。"
MORE = "回复“详细”看具体做法。"
ORIGINAL = "回复“原文”看条文原话。"


def with_citations(body: str, citations: Sequence[Citation]) -> str:
    """A body followed by 依据; articles of one rule are joined."""
    if not citations:
        return body
    articles: dict[str, list[str]] = {}
    for citation in citations:
        articles.setdefault(str(Citation(citation.rule)), []).append(citation.article)
    joined = "；".join(title + "、".join(filter(None, found)) for title, found in articles.items())
    return f"{body}\n依据：{joined}"


def answer(fact: Fact) -> str:
    """The whole first reply for an entry."""
    text = with_citations(fact.answer.strip(), fact.citations)
    offers = (MORE if fact.details else "") + (ORIGINAL if fact.original else "")
    return f"{text}\n{offers}" if offers else text


def choices(facts: Sequence[Fact]) -> str:
    """Did you mean …: numbered, to be answered by a digit."""
    lines = [f"{number} {fact.question}" for number, fact in enumerate(facts, 1)]
    return "\n".join(["您是不是想问：", *lines, "回复数字即可；都不是，请换个说法再问一次。"])
