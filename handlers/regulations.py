"""Rules word for word: imported, quoted with date and status, and citations held against them."""

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tortoise.transactions import in_transaction

from handlers import audit, knowledge
from handlers.answering.shapes import Citation
from handlers.context import Context
from handlers.errors import NotFound
from handlers.knowledge import Rule
from handlers.locks import hold
from handlers.regulation_text import SplitText, Unsplittable, issued_on, label, numbers_of, split
from models import Article, Entry, EntryStatus, Regulation

LARGEST_FILE = 2 * 1024 * 1024
UNKNOWN_STATUS = "待复核"
REPLACED = "已替代"
YEAR = re.compile(r"(?:19|20)\d{2}(?=\s*年)")
REVISED = re.compile(r"((?:19|20)\d{2})年(?:修订|修正)")
STATES = {REPLACED: "已被替代", UNKNOWN_STATUS: "是否仍然有效待复核"}


@dataclass(frozen=True, slots=True)
class RuleSummary:
    """One rule: what it is called, from when, whether it still holds, and how many articles are here."""

    rule: str
    title: str
    issuer: str
    issued: str
    status: str
    replaced_by: str
    articles: int = 0

    @property
    def standing(self) -> str:
        """Who issued it, when, and whether it still holds, in words."""
        state = (
            f"已被《{self.replaced_by}》替代" if self.replaced_by else STATES.get(self.status, self.status)
        )
        origin = " ".join(filter(None, (self.issuer, self.issued or "日期未核")))
        return f"{origin}，{state}"


@dataclass(frozen=True, slots=True)
class Original:
    """One article word for word, and the rule it stands in."""

    rule: RuleSummary
    article: str
    chapter: str
    text: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of an import."""

    rule: RuleSummary
    change: str
    missing: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The report in Chinese."""
        rule = self.rule
        report = [f"《{rule.title}》（简称：{rule.rule}）{self.change}，共 {rule.articles} 条", rule.standing]
        if self.missing:
            report.append(f"注意：文本中缺少{'、'.join(self.missing)}")
        return report


@dataclass(frozen=True, slots=True)
class Checked:
    """Citations held against the texts: `broken` lead nowhere, `doubtful` may not say what is said."""

    cited: int
    unread: int
    broken: tuple[str, ...]
    doubtful: tuple[str, ...]

    @property
    def lines(self) -> list[str]:
        """The report in Chinese."""
        report = [f"引用 {self.cited} 条，其中 {self.unread} 条所引的法规还没有导入原文，只核对了名称"]
        report += [f"引错 {len(self.broken)} 条：", *self.broken] if self.broken else ["没有引错的"]
        return report + (["请再看一看：", *self.doubtful] if self.doubtful else [])


async def import_file(ctx: Context, *, file: Path) -> Imported:
    """Take over a rule's text; the same file again changes nothing.

    Raises:
        Unsplittable: it isn't a rule's text, or whose text it is can't be told.
    """
    return await import_text(ctx, text=await asyncio.to_thread(_read, file))


async def import_text(ctx: Context, *, text: str) -> Imported:
    """As `import_file`, for a text at hand."""
    parts = await asyncio.to_thread(split, text)
    row = _row(parts)
    articles = [(one.number, one.chapter[:120], one.text) for one in parts.articles]
    mark = knowledge.fingerprint({**row, "articles": articles})
    short = row["short"]
    async with in_transaction() as connection:
        await hold(connection, f"regulation:{short}")
        kept = await Regulation.get_or_none(short=short)
        change = "新导入" if kept is None else "没有变化" if kept.fingerprint == mark else "已更新"
        if kept is None or kept.fingerprint != mark:
            version = kept.version + 1 if kept else 1
            await _write(ctx, kept, {**row, "fingerprint": mark, "version": version}, articles)
            details = {"articles": len(articles), "version": version, "fingerprint": mark}
            await audit.record(ctx, "regulation.imported", f"regulation:{short}", **details)
    missing = tuple(label(number) for number in parts.missing)
    return Imported(_summary(await Regulation.get(short=short), len(articles)), change, missing)


def _read(file: Path) -> str:
    if file.stat().st_size > LARGEST_FILE:
        raise Unsplittable("文件超过 2 MB，请只保留一部法规的文字")
    raw = file.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise Unsplittable("这不是文本文件：请把法规原文另存为 UTF-8 的 .txt 再导入")


async def _write(
    ctx: Context, kept: Regulation | None, row: dict[str, Any], articles: Sequence[tuple[int, str, str]]
) -> None:
    regulation = kept or Regulation()
    await regulation.update_from_dict({**row, "imported_at": ctx.now()}).save()
    await Article.filter(regulation=regulation).delete()
    rows = [
        Article(regulation_id=regulation.id, number=number, chapter=chapter, text=text)
        for number, chapter, text in articles
    ]
    await Article.bulk_create(rows)


def _row(parts: SplitText) -> dict[str, Any]:
    """The columns of a rule: as it is listed, else as its text tells."""
    header, told = parts.header, parts.header.get("发布日期") or issued_on(f"{parts.title}{parts.note}")
    rule = _listed(parts)
    if rule is not None:
        row = _listed_row(rule)
        # The text may know the day of what is listed by its month.
        row["issued"] = told if told.startswith(rule.issued) else rule.issued
    elif short := header.get("简称") or parts.title:
        row = {
            "short": short[:40],
            "title": (parts.title or short)[:120],
            "issuer": header.get("制定机关", "")[:60],
            "issued": told[:20],
            "status": header.get("状态", UNKNOWN_STATUS)[:10],
            "replaced_by": header.get("替代", "")[:40],
        }
    else:
        raise Unsplittable("不知道这是哪一部法规：请在文件第一行写上它的标题")
    return {**row, "preamble": parts.preamble}


def _listed_row(rule: Rule) -> dict[str, Any]:
    return {
        "short": rule.short,
        "title": rule.full,
        "issuer": rule.issuer,
        "issued": rule.issued,
        "status": rule.status,
        "replaced_by": rule.replaced_by,
    }


def _listed(parts: SplitText) -> Rule | None:
    """The listed rule that this is the text of; of two versions, the one of the text's own year.

    Raises:
        Unsplittable: it may be another version than the listed one; a wrong word would be quoted.
    """
    rules = knowledge.read_rules()
    if "简称" in parts.header:
        return rules.get(parts.header["简称"])
    title = _core(parts.title)
    versions = [rule for rule in rules.values() if title in (_core(rule.full), rule.short)]
    years = YEAR.findall(parts.note) + REVISED.findall(parts.title)
    year = int(max(years)) if years else None
    same = [rule for rule in versions if year is None or _is_of(rule, year)]
    if len(same) > 1 or (versions and not same):
        known = "、".join(f"“简称：{rule.short}”" for rule in versions)
        raise Unsplittable(f"分不清这是哪一版：请核对后在文件第一行写明 {known}")
    return same[0] if same else None


def _core(title: str) -> str:
    """A title without year, trial mark and spaces: two versions share it."""
    return re.sub(r"[（(][^）)]*[）)]|[\s《》]", "", title)


def _is_of(rule: Rule, year: int) -> bool:
    """Decided in one year, in force from the next: that is still the same version."""
    return not rule.issued or int(rule.issued[:4]) - year in (0, 1)


async def list_rules(ctx: Context) -> list[RuleSummary]:
    """Every rule that answers cite or that was imported, by short name."""
    imported = {row.short: row for row in await Regulation.all()}
    counts: dict[str, int] = {}
    for short in await Article.all().values_list("regulation__short", flat=True):
        counts[str(short)] = counts.get(str(short), 0) + 1
    rules = {short: _as_listed(rule) for short, rule in knowledge.read_rules().items()}
    rules |= {short: _summary(row, counts.get(short, 0)) for short, row in imported.items()}
    return [rules[short] for short in sorted(rules)]


async def get_article(ctx: Context, *, rule: str, article: str) -> Original:
    """One article word for word.

    Raises:
        NotFound: no such rule, no such article, or its text was not imported.
    """
    numbers = numbers_of(article)
    if len(numbers) == 1:
        for original in await _originals(Citation(rule, article)):
            return original
    raise NotFound


async def quote(ctx: Context, *, citations: Iterable[Citation]) -> str:
    """What stands behind an answer: each cited article word for word, with date and status."""
    blocks: dict[str, list[str]] = {}
    for citation in citations:
        found = await _originals(citation)
        summary = found[0].rule if found else await _summary_of(citation.rule)
        if summary is None:
            continue
        lines = blocks.setdefault(f"《{summary.title}》\n{summary.standing}", [])
        lines += [f"{one.article}　{one.text}" for one in found] or [_not_here(citation)]
    return "\n\n".join("\n".join([head, *lines]) for head, lines in blocks.items())


def _not_here(citation: Citation) -> str:
    if not citation.article:
        return "（没有引到具体条文，请查阅全文。）"
    return f"（{citation.article}的原文还没有录入，请查阅正式文本。）"


async def _originals(citation: Citation) -> list[Original]:
    """The imported articles that a citation names."""
    found = Article.filter(regulation__short=citation.rule, number__in=numbers_of(citation.article))
    rows = await found.order_by("number").select_related("regulation")
    return [Original(_summary(row.regulation), label(row.number), row.chapter, row.text) for row in rows]


async def _summary_of(short: str) -> RuleSummary | None:
    row = await Regulation.get_or_none(short=short)
    if row is not None:
        return _summary(row)
    rule = knowledge.read_rules().get(short)
    return _as_listed(rule) if rule else None


def _as_listed(rule: Rule) -> RuleSummary:
    return RuleSummary(rule.short, rule.full, rule.issuer, rule.issued, rule.status, rule.replaced_by)


def _summary(row: Regulation, articles: int = 0) -> RuleSummary:
    """A text may be older than the list: whether its rule still holds, the list knows."""
    listed = knowledge.read_rules().get(row.short)
    status, replaced_by = (listed.status, listed.replaced_by) if listed else (row.status, row.replaced_by)
    return RuleSummary(row.short, row.title, row.issuer, row.issued, status, replaced_by, articles)


async def check(ctx: Context) -> Checked:
    """Hold every citation of every published entry against the list and the imported texts."""
    texts = await imported_texts()
    held = await imported_rules()
    cited = unread = 0
    broken: list[str] = []
    doubtful: list[str] = []
    for entry in await Entry.filter(status=EntryStatus.PUBLISHED).order_by("code"):
        citations = [Citation(one["rule"], one["article"]) for one in entry.citations]
        cited += len(citations)
        unread += sum(citation.rule not in held for citation in citations)
        faults = [fault for citation in citations if (fault := broken_citation(citation, texts, held))]
        broken += [f"{entry.code}：{fault}" for fault in faults]
        told = _cited_text(citations, texts)
        if told is not None and (odd := unsupported_numbers(entry.answer, told)):
            doubtful.append(f"{entry.code}：答复中的“{'”“'.join(odd)}”在所引条文中没有出现")
    return Checked(cited, unread, tuple(broken), tuple(doubtful))


async def imported_rules() -> frozenset[str]:
    """The short names of the rules whose texts are here."""
    return frozenset(row.short for row in await Regulation.all())


async def imported_texts() -> dict[tuple[str, int], str]:
    """Every imported article by rule and number."""
    rows = await Article.all().values_list("regulation__short", "number", "text")
    return {(str(short), int(number)): str(text) for short, number, text in rows}


def broken_citation(citation: Citation, texts: dict[tuple[str, int], str], held: frozenset[str]) -> str:
    """What is wrong with a citation, as a sentence; empty when nothing is."""
    if citation.rule not in held and citation.rule not in knowledge.read_rules():
        return f"{citation}：法规清单里没有“{citation.rule}”"
    if not citation.article:
        return ""
    numbers = numbers_of(citation.article)
    if not numbers:
        return f"{citation}：条号写法不对"
    if citation.rule in held and any((citation.rule, number) not in texts for number in numbers):
        return f"{citation}：导入的原文里没有这一条"
    return ""


def _cited_text(citations: Sequence[Citation], texts: dict[tuple[str, int], str]) -> str | None:
    """All that is cited; None unless every word of it is here."""
    places = [(one.rule, number) for one in citations for number in numbers_of(one.article) or [0]]
    return "\n".join(texts[place] for place in places) if all(p in texts for p in places) else None


COUNTED = re.compile(r"(?<![\d.第])(\d{1,3})(?=(?:年|个月|个工作日|天|日|次|人|名|周岁)(?!代))")


def unsupported_numbers(answer: str, text: str) -> list[str]:
    """Numbers an answer tells that the cited text doesn't, in digits or in Chinese."""
    flat = re.sub(r"\s", "", text)
    found = dict.fromkeys(COUNTED.findall(answer))
    return [number for number in found if not any(way in flat for way in _ways(int(number)))]


def _ways(number: int) -> set[str]:
    chinese = label(number)[1:-1]
    return {str(number), chinese} | ({"两"} if number == 2 else set()) | ({"半"} if number == 6 else set())
