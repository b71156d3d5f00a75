"""Rules word for word: imported once, quoted with date and status, and citations held against them."""

from datetime import timedelta
from pathlib import Path

import pytest

from handlers import knowledge, questions, regulations
from handlers.answering.shapes import Citation
from handlers.context import Caller, Context
from handlers.errors import NotFound
from handlers.regulation_text import Unsplittable
from models import Account, App, Article, AuditEntry, Entry, Regulation
from tests.fakes import Clock

BRANCH_RULES = """中国共产党支部工作条例（试行）
（2018年9月17日中共中央政治局会议审议批准 2018年10月28日中共中央发布）
第一章　总　则
第一条　虚构的第一条。
第二条　虚构的第二条，每季度召开1次。
第二款的文字。
"""
OLD = "中国共产党发展党员工作细则\n（2014年5月28日印发）\n第一条　旧的第一条。\n"


async def entry(
    code: str = "k-one", article: str = "第二条", answer: str = "每季度1次。", rule: str = "支部条例"
) -> Entry:
    """A published entry with one citation."""
    return await Entry.create(
        code=code,
        topic="组织生活",
        question="支部党员大会多长时间召开一次？",
        askings=["党员大会多久开一次"],
        answer=answer,
        citations=[{"rule": rule, "article": article}],
    )


async def test_a_text_is_imported_once_with_date_and_status(ctx: Context) -> None:
    first = await regulations.import_text(ctx, text=BRANCH_RULES)
    assert (first.change, first.rule.articles, first.missing) == ("新导入", 2, ())
    before = await Article.all().order_by("id").values()
    again = await regulations.import_text(ctx, text=BRANCH_RULES)
    assert again.change == "没有变化"
    assert await Article.all().order_by("id").values() == before
    assert await AuditEntry.filter(action="regulation.imported").count() == 1
    row = await Regulation.get()
    assert (row.short, row.issued, row.status, row.version) == ("支部条例", "2018-10-28", "现行", 1)


async def test_a_corrected_text_replaces_the_old_one_whole(ctx: Context) -> None:
    await regulations.import_text(ctx, text=BRANCH_RULES)
    shorter = BRANCH_RULES.replace("第二款的文字。\n", "")
    assert (await regulations.import_text(ctx, text=shorter)).change == "已更新"
    original = await regulations.get_article(ctx, rule="支部条例", article="第二条")
    assert original.text == "虚构的第二条，每季度召开1次。"
    assert (await Article.all().count(), (await Regulation.get()).version) == (2, 2)


async def test_a_refused_text_leaves_nothing_behind(ctx: Context, tmp_path: Path) -> None:
    for name, raw in (("picture.txt", b"\x89PNG\x00\xff\xfe"), ("letter.txt", "一封信".encode())):
        (tmp_path / name).write_bytes(raw)
        with pytest.raises(Unsplittable):
            await regulations.import_file(ctx, file=tmp_path / name)
    assert await Regulation.all().count() == 0
    assert await AuditEntry.all().count() == 0


async def test_a_file_in_the_old_chinese_encoding_is_read(ctx: Context, tmp_path: Path) -> None:
    file = tmp_path / "rules.txt"
    file.write_bytes(BRANCH_RULES.encode("gb18030"))
    assert (await regulations.import_file(ctx, file=file)).rule.rule == "支部条例"


async def test_of_two_versions_the_text_is_the_one_of_its_year(ctx: Context) -> None:
    imported = await regulations.import_text(ctx, text=OLD)
    assert (imported.rule.rule, imported.rule.status) == ("发展党员细则(2014)", "已替代")
    assert "已被《发展党员细则(2026)》替代" in imported.lines[1]


@pytest.mark.parametrize(
    "text",
    [
        OLD.replace("（2014年5月28日印发）\n", ""),
        "中国共产党纪律处分条例\n（2018年8月18日印发）\n第一条 旧的。",
    ],
)
async def test_which_version_it_is_is_never_guessed(ctx: Context, text: str) -> None:
    with pytest.raises(Unsplittable, match="简称："):
        await regulations.import_text(ctx, text=text)
    assert await Regulation.all().count() == 0


async def test_a_rule_that_is_not_listed_waits_to_be_confirmed(ctx: Context) -> None:
    imported = await regulations.import_text(
        ctx, text="某镇办法\n（2025年3月印发）\n第一条 甲。\n第三条 丙。"
    )
    rule = imported.rule
    assert (rule.rule, rule.issued, rule.status) == ("某镇办法", "2025-03", "待复核")
    assert imported.missing == ("第二条",)


@pytest.mark.parametrize("article", ["第二条", "2", "二"])
async def test_an_article_is_given_word_for_word(ctx: Context, article: str) -> None:
    await regulations.import_text(ctx, text=BRANCH_RULES)
    original = await regulations.get_article(ctx, rule="支部条例", article=article)
    assert original.text == "虚构的第二条，每季度召开1次。\n第二款的文字。"
    assert (original.article, original.chapter) == ("第二条", "第一章 总则")
    assert (original.rule.issued, original.rule.status) == ("2018-10-28", "现行")


@pytest.mark.parametrize(
    ("rule", "article"), [("支部条例", "第三条"), ("党章", "第一条"), ("支部条例", "总则")]
)
async def test_what_is_not_there_is_not_found(ctx: Context, rule: str, article: str) -> None:
    await regulations.import_text(ctx, text=BRANCH_RULES)
    with pytest.raises(NotFound):
        await regulations.get_article(ctx, rule=rule, article=article)


async def test_whether_a_rule_still_holds_is_told_by_the_list_not_by_the_text(ctx: Context) -> None:
    await regulations.import_text(ctx, text=BRANCH_RULES)
    await Regulation.all().update(status="已替代", replaced_by="别的")
    assert (await regulations.get_article(ctx, rule="支部条例", article="1")).rule.status == "现行"


async def test_a_quote_says_what_is_not_here(ctx: Context) -> None:
    await regulations.import_text(ctx, text=BRANCH_RULES)
    told = await regulations.quote(
        ctx, citations=[Citation("支部条例", "第二条"), Citation("党章", "第七条"), Citation("党费规定")]
    )
    assert "第二条　虚构的第二条，每季度召开1次。\n第二款的文字。" in told
    assert "《中国共产党支部工作条例（试行）》\n中共中央 2018-10-28，现行" in told
    assert "第七条的原文还没有录入" in told
    assert "是否仍然有效待复核" in told


async def asker(ctx: Context) -> Context:
    account = await Account.create(app=App.OFFICIAL_ACCOUNT, openid="oAsker")
    return ctx.on_behalf_of(Caller(account=account))


async def test_an_answer_offers_its_rule_word_for_word_once_it_is_imported(
    ctx: Context, clock: Clock
) -> None:
    await entry()
    ctx = await asker(ctx)
    assert "原文" not in (await questions.ask(ctx, text="党员大会多久开一次")).text
    await regulations.import_text(ctx, text=BRANCH_RULES)
    clock.now += timedelta(seconds=2)
    offered = await questions.ask(ctx, text="党员大会多久开一次")
    assert offered.text.endswith("回复“原文”看条文原话。")
    original = await questions.ask(ctx, text="原文")
    assert (original.kind, original.entry) == ("answer", "k-one")
    assert "第二条　虚构的第二条" in original.text


async def test_nothing_is_quoted_to_whom_nothing_was_answered(ctx: Context) -> None:
    answer = await questions.ask(await asker(ctx), text="原文")
    assert (answer.kind, answer.text) == ("declined", questions.NOTHING_TO_QUOTE)


async def test_citations_that_lead_nowhere_are_listed(ctx: Context) -> None:
    await regulations.import_text(ctx, text=BRANCH_RULES)
    await entry("right")
    await entry("no-article", "第九条")
    await entry("no-rule", "第一条", rule="没有的条例")
    await entry("unread", "第一条", rule="党章")
    await entry("odd-number", answer="每季度1次，满3个月补开。")
    found = await regulations.check(ctx)
    assert [line.partition("：")[0] for line in found.broken] == ["no-article", "no-rule"]
    assert [line.partition("：")[0] for line in found.doubtful] == ["odd-number"]
    assert (found.cited, found.unread) == (5, 2)


async def test_what_is_shipped_cites_nothing_that_is_not_listed(ctx: Context) -> None:
    held = await regulations.imported_rules()
    cited = {citation for fact in knowledge.written_facts() for citation in fact.citations}
    assert [fault for one in cited if (fault := regulations.broken_citation(one, {}, held))] == []


def test_a_number_may_stand_in_chinese_in_the_rule() -> None:
    assert regulations.unsupported_numbers("预备期1年，满2次，10天，第3条", "预备期为一年。两次。十天") == []
    assert regulations.unsupported_numbers("预备期3年", "预备期为一年。") == ["3"]
