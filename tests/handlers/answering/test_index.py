"""The index: what it finds, in which order, in every process alike, and how little it takes."""

import subprocess
import sys
import tracemalloc
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from handlers.answering.engine import Engine
from handlers.answering.features import Features, Reading
from handlers.answering.index import CANDIDATES, Index
from handlers.answering.shapes import Citation, Fact, Words
from handlers.knowledge import read_words, written_facts

ON = date(2026, 11, 20)
FACTS = written_facts()
ENGINE = Engine.build(FACTS, read_words())
MEGABYTE = 2**20


def everybody(_: int) -> float:
    return 1.0


def index_of(*facts: Fact) -> tuple[Index, Features]:
    features = Features(Words())
    return index_by(features, *facts), features


def index_by(features: Features, *facts: Fact) -> Index:
    return Index(facts, map(features.reading, facts))


def fact(code: str, *askings: str, answer: str = "照办") -> Fact:
    return Fact(code, askings[0], answer, askings=askings, citations=(Citation("党章"),))


def test_nearly_every_entry_is_the_first_found_for_its_own_question() -> None:
    found: Counter[bool] = Counter()
    for entry in FACTS:
        canonical = ENGINE.canonical(entry.question)
        matches, _ = ENGINE.matches(canonical, everybody)
        found[matches[0].fact.code == entry.code] += 1
    assert found[False] <= len(FACTS) * 0.02


def test_matches_are_in_order_and_few() -> None:
    matches, _ = ENGINE.matches(ENGINE.canonical("党员大会多久开一次"), everybody)
    scores = [match.score for match in matches]
    assert scores == sorted(scores, reverse=True)
    assert 2 <= len(matches) <= CANDIDATES
    assert all(0 <= match.score <= 1 for match in matches)


def test_an_entry_that_may_not_answer_is_not_found() -> None:
    index, features = index_of(fact("old", "列为发展对象要备案吗"), fact("new", "列为发展对象要备案吗"))
    wanted = features.of("列为发展对象要备案吗")
    found = index.search(wanted, favour=lambda place: float(index.facts[place].code == "new"))
    assert [match.fact.code for match in found] == ["new"]


def test_of_two_askings_that_differ_by_politeness_each_is_said_in_its_own_words() -> None:
    features = Features(Words(fillers=("老师",)))
    index = index_by(features, fact("all", "党费怎么算"), fact("school", "老师党费怎么算"))
    for said, code in (("党费怎么算", "all"), ("老师党费怎么算", "school")):
        found = index.said(said, features.bare(said))
        assert found is not None
        assert index.facts[found].code == code


def test_a_subject_that_is_left_of_an_asking_is_none() -> None:
    features = Features(Words(fillers=("解释", "是不是", "必须的")))
    index = index_by(
        features, fact("explain", "解释机关"), fact("time", "换届是不是必须的"), fact("stage", "预审")
    )
    assert [index.said(text, text) for text in ("机关", "换届")] == [None, None]
    assert index.said("预审", "预审") is not None


def test_the_same_words_of_two_entries_are_left_to_the_evidence() -> None:
    index, _ = index_of(fact("one", "党费怎么算"), fact("two", "党费怎么算"))
    assert index.said("党费怎么算", "党费怎么算") is None


def test_what_nobody_asks_of_an_entry_is_strange_to_it() -> None:
    index, features = index_of(fact("late", "党费最多补交几个月"), fact("badge", "徽章戴在哪边"))
    known, partly = (
        index.search(features.of(text), favour=everybody)[0] for text in ("党费补交", "党费证丢")
    )
    assert known.fact.code == partly.fact.code == "late"
    assert known.strange == 0
    assert 0.4 < partly.strange < 0.6


def test_what_several_askings_say_is_more_typical_than_what_one_says() -> None:
    often = fact("often", "党费几号交", "党费何时交", "党费哪天交")
    once = fact("once", "党费几号交", "工资何时发", "年假哪天休")
    index, features = index_of(once, often)
    assert [match.fact.code for match in index.search(features.of("党费"), favour=everybody)] == [
        "often",
        "once",
    ]


def test_words_that_only_the_answer_has_count_a_little() -> None:
    other, meant = (
        fact("other", "党徽哪里", answer="找支部"),
        fact("meant", "党徽哪里", answer="别在左胸"),
    )
    index, features = index_of(other, meant)
    found = index.search(features.of("党徽哪里左胸"), favour=everybody)
    assert found[0].fact.code == "meant"


def test_an_entry_may_have_more_askings_than_have_names() -> None:
    index, features = index_of(
        fact("many", *(f"第{chr(0x4E00 + n)}问" for n in range(600))), fact("few", "党费")
    )
    assert index.search(features.of(f"第{chr(0x4E00 + 599)}问"), favour=everybody)[0].fact.code == "many"


def test_entries_without_a_word_are_borne() -> None:
    index, features = index_of(fact("empty", "", answer=""), fact("full", "党费"))
    assert [match.fact.code for match in index.search(features.of("党费"), favour=everybody)] == ["full"]
    assert index.search(frozenset(), favour=everybody) == []


@pytest.mark.parametrize("text", ["' OR 1=1; DROP TABLE users; --", "<script>alert(1)</script>"])
def test_a_few_shared_letters_are_no_answer(text: str) -> None:
    assert ENGINE.answer(text, on=ON).kind != "answer"


SCRIPT = """
from datetime import date
from handlers.knowledge import shipped_engine
engine = shipped_engine()
for text in ("支部大会人数要求", "党费", "转正", "书记一个人能决定党费怎么花吗", "换届最多能拖多久"):
    print(repr(engine.answer(text, on=date(2026, 11, 20))))
"""


def test_every_process_answers_alike_to_the_last_digit() -> None:
    said = set()
    for seed in ("0", "1", "2"):
        run = subprocess.run(
            [sys.executable, "-c", SCRIPT], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True
        )
        said.add(run.stdout)
    assert len(said) == 1


def test_the_shipped_engine_takes_less_than_forty_megabytes() -> None:
    words = read_words()
    tracemalloc.start()
    engine = Engine.build(FACTS, words)
    held, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(engine) == len(FACTS)
    assert held < 40 * MEGABYTE
    assert most < 60 * MEGABYTE


def test_a_question_longer_than_a_lane_has_room_for_is_read_as_far_as_it_fits() -> None:
    askings = [f"{chr(0x4E00 + n)}{chr(0x5E00 + n)}" for n in range(600)]
    index, features = index_of(fact("long", *askings), *(fact(f"other-{n}", "党费") for n in range(900)))
    found = index.search(features.of("|".join(askings)), favour=everybody)
    assert [match.fact.code for match in found] == ["long"]
    assert 0 < found[0].score <= 1


def test_an_engine_made_after_another_is_as_good_and_reads_only_what_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = replace(FACTS[7], askings=(*FACTS[7].askings, "换了说法还要再读一遍吗"), answer="改过的答复。")
    facts = [*FACTS[:7], changed, *FACTS[9:], replace(FACTS[8], code="again")]
    anew = Engine.build(facts, read_words())
    read = Counter[str]()
    reading = Features.reading

    def counted(self: Features, fact: Fact) -> Reading:
        read[fact.code] += 1
        return reading(self, fact)

    monkeypatch.setattr(Features, "reading", counted)
    after = Engine.build(facts, read_words(), ENGINE)
    assert read == {changed.code: 1, "again": 1}
    assert after.readings() == anew.readings()
    for asked in ("换了说法还要再读一遍吗", FACTS[8].question, *(fact.askings[0] for fact in FACTS[::9])):
        assert after.answer(asked, on=ON) == anew.answer(asked, on=ON)


def test_an_engine_with_other_words_reads_all_anew() -> None:
    before = Engine.build([fact("one", "支委会怎么开")], Words())
    words = Words(synonyms={"支部委员会": ("支委会",)})
    (reading,) = Engine.build([fact("one", "支委会怎么开")], words, before).readings().values()
    assert reading.texts.canonical == "支部委员会怎么开"
