"""党费: the table of the rule, read from sentences."""

from decimal import Decimal

import pytest

from handlers.answering import dues
from handlers.answering.dues import ENTRY, Payer, due
from handlers.answering.numbers import amounts, bare, from_chinese, whole_number
from handlers.answering.shapes import Answer
from handlers.answering.worked import Sentence, squeeze
from tests.handlers.answering.asking import ask as ask_all


def answer(text: str, previous: str = "") -> Answer | None:
    return dues.answer(Sentence(squeeze(text), previous))


@pytest.mark.parametrize(
    ("base", "payer", "result"),
    [
        ("0", Payer.EMPLOYEE, "0.00"),
        ("2999.99", Payer.EMPLOYEE, "15.00"),
        ("3000", Payer.EMPLOYEE, "15.00"),
        ("3000.01", Payer.EMPLOYEE, "30.00"),
        ("5000", Payer.EMPLOYEE, "50.00"),
        ("5000.01", Payer.EMPLOYEE, "75.00"),
        ("6000", Payer.EMPLOYEE, "90.00"),
        ("10000", Payer.EMPLOYEE, "150.00"),
        ("10000.01", Payer.EMPLOYEE, "200.00"),
        ("60000", Payer.EMPLOYEE, "1200.00"),
        ("5000", Payer.RETIRED, "25.00"),
        ("5000.01", Payer.RETIRED, "50.00"),
        ("5200", Payer.RETIRED, "52.00"),
        ("20000", Payer.RETIRED, "200.00"),
    ],
)
def test_the_whole_base_pays_the_rate_of_its_band(base: str, payer: Payer, result: str) -> None:
    assert due(Decimal(base), payer).due == Decimal(result)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("我每月养老金5200该交几块", "每月应交52元"),
        ("每月5000块交50对吧", "在职按工资算，每月50元"),
        ("老党员党费 养老金3400", "每月应交17元"),
        ("每个月养老金5200多 党费按多少交", "每月应交52元"),
        ("开饭馆一个月挣8000党费交多少", "参照在职党员的比例"),
        ("工资8000 党费", "每月应交120元"),
        ("党费 6500", "在职按工资算，每月97.5元"),
        ("党费，退休费6200元", "每月应交62元"),
        ("工资5200每月交多少党费", "每月应交78元"),
        ("每月税后工资6000元，党费交多少？", "6000×1.5%＝90元"),
        ("一个月到手五千二，党费交多少", "每月应交78元"),
        ("退休金三千块一个月党费要交几元", "每月应交15元"),
        ("月薪1.2万党费多少", "每月应交240元"),
        ("工资5千2党费是多少", "每月应交78元"),
        ("工资4,800元应交多少党费", "每月应交48元"),
        ("2008年入党，工资4000，每月交多少党费", "每月应交40元"),
        ("5200交多少党费", "在职按工资算，每月78元；离退休按养老金算，每月52元"),
        ("我是农民，一年收入20000，党费交多少", "0.2元至1元"),
        ("大学生每月生活费1500党费交多少", "每月交0.2元"),
        ("年薪12万党费怎么交", "每月实际领取的税后收入"),
        ("工资-500交多少党费", "不像是一个月的收入"),
        ("工资60000交多少党费", "一般不超过1000元"),
        ("工资3000.00元交多少党费", "每月应交15元"),
        ("工资3000.01元交多少党费", "每月应交30元"),
        ("工资3000.001元交多少党费", "不像是一个月的收入"),
        ("工资" + "9" * 200 + "元交多少党费", "不像是一个月的收入"),
    ],
)
def test_a_sentence_is_worked_out_and_shown(text: str, says: str) -> None:
    found = answer(text)
    assert found is not None
    assert says in found.text
    assert found.entry == ENTRY


def test_the_working_names_its_rule() -> None:
    found = answer("我每月养老金5200该交几块")
    assert found is not None
    assert "5200×1%＝52元" in found.text
    assert found.text.endswith("依据：《党费规定》第五条")


@pytest.mark.parametrize(
    "text",
    [
        "党费怎么算",
        "每月5000块房贷交50对吧",
        "党费",
        "养老金5200",
        "工资5200要交多少个税",
        "养老金3000要交多少医保",
        "我欠了6个月党费怎么补交，工资5000",
        "预备期多长",
        "支部30人党费交到哪里",
        "自愿多交1000元党费交给谁",
        "工资一万以上党费交多少比例",
        "年薪要不要除以12算党费",
        "十三薪算不算党费",
        "刚好三千元算哪一档党费",
        "",
    ],
)
def test_other_matters_are_left_alone(text: str) -> None:
    assert answer(text) is None


def test_a_bare_number_after_the_calculation_is_an_income() -> None:
    assert answer("4800") is None
    found = answer("4800", ENTRY)
    assert found is not None
    assert "48元" in found.text


@pytest.mark.parametrize(
    ("text", "says"), [("那养老金5200呢", "每月应交52元"), ("工资6000", "每月应交90元"), ("3000块", "15元")]
)
def test_the_next_income_is_worked_out_too(text: str, says: str) -> None:
    found = answer(text, ENTRY)
    assert found is not None
    assert says in found.text


@pytest.mark.parametrize("text", ["预备党员呢", "那支部有50人呢", "奖励书记2000元合适吗", "2026年呢"])
def test_other_messages_after_the_calculation_are_no_income(text: str) -> None:
    assert answer(text, ENTRY) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("三", 3), ("俩", 2), ("仨", 3), ("十", 10), ("四十一", 41), ("一百零五", 105), ("四五", None)],
)
def test_small_numbers_are_read_as_they_are_said(text: str, value: int | None) -> None:
    assert whole_number(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("41", 41),
        ("41人", 41),
        ("四十一", 41),
        ("一共41人。", 41),
        ("-1", -1),
        ("41人到了", None),
        ("党费", None),
    ],
)
def test_a_bare_number_is_nothing_but_a_number(text: str, value: int | None) -> None:
    found = bare(text, "人")
    assert (None if found is None else int(found)) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("五千二", 5200),
        ("五千二百", 5200),
        ("五千零五十", 5050),
        ("五千零八", 5008),
        ("一万二", 12_000),
        ("一万零三百", 10_300),
        ("三百五", 350),
        ("两千八百四十", 2840),
        ("十二", 12),
        ("四五", None),
    ],
)
def test_chinese_numbers_are_read(text: str, value: int | None) -> None:
    assert from_chinese(text) == value


@pytest.mark.parametrize("text", ["一月挣四五千", "工资三四千", "一两万"])
def test_a_number_between_two_is_none_to_reckon_with(text: str) -> None:
    assert amounts(text) == []


@pytest.mark.parametrize("text", ["第12条", "6个月", "2026年", "30人", "50岁", "1.5%", "3天"])
def test_numbers_of_other_things_are_no_amounts(text: str) -> None:
    assert amounts(text) == []


@pytest.mark.parametrize("before", [ENTRY, "dues-retired"])
def test_an_income_after_an_answer_about_dues_is_worked_out(before: str) -> None:
    answer = ask_all("养老金5200", before)
    assert answer is not None
    assert "每月应交52元" in answer.text


def test_a_bare_number_is_an_income_only_after_the_calculation() -> None:
    assert ask_all("5200", ENTRY) is not None
    assert ask_all("5200", "dues-retired") is None


@pytest.mark.parametrize(
    ("text", "added", "due"),
    [
        ("基本工资3000岗位工资2000党费交多少", "3000＋2000＝5000元", "50元"),
        ("工资3000 奖金2000 每月交多少党费", "3000＋2000＝5000元", "50元"),
        ("岗位工资3500，薪级1200，绩效800，党费多少", "3500＋1200＋800＝5500元", "82.5元"),
        ("基本工资四千五奖金一千 交多少党费", "4500＋1000＝5500元", "82.5元"),
    ],
)
def test_the_parts_of_a_pay_that_make_up_the_base_are_added(text: str, added: str, due: str) -> None:
    answer = ask_all(text)
    assert answer is not None
    assert answer.text.startswith(f"每月应交{due}。")
    assert added in answer.text


@pytest.mark.parametrize(
    "text",
    [
        "工资3000补贴800党费交多少",
        "工资5000其中绩效2000党费交多少",
        "工资6000年终奖金3000党费交多少",
        "以前工资4000现在工资6000党费交多少",
    ],
)
def test_of_several_parts_of_a_pay_none_is_taken_for_the_whole(text: str) -> None:
    answer = ask_all(text)
    assert answer is not None
    assert "不止一个数" in answer.text
