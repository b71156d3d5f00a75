"""党费: what a member pays a month, worked out exactly and shown with its rule."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from handlers.answering.numbers import amounts, bare
from handlers.answering.shapes import Answer, Citation
from handlers.answering.worked import Sentence, worked

RULE = "党费规定"
NOTICE = "2017党费通知"
ENTRY = "dues-calculate"
"""The entry that explains the calculation; a bare number after it is taken for an income."""
OF_DUES = "dues-"
"""How the names of the entries about dues begin."""
CENT = Decimal("0.01")
USUAL_LIMIT = Decimal(1000)
UNLIKELY = Decimal(10_000_000)
LONGEST_FOLLOW_UP = 14

ASKS_AMOUNT = re.compile(
    r"多少|几块|几元|几毛|几角|多钱|算|怎么交|咋交|交几|缴几|该交|该缴|应交|应缴|要交|要缴|怎么缴|怎样交|怎样缴|是多|比例|哪一?个?档|几个点|百分之几|对吧|对吗|对不对"
)
DUES = re.compile(r"党费|dangfei|党废|党非")
PAY = re.compile(r"[交缴]")
INCOME = re.compile(
    r"工资|月薪|收入|薪水|薪酬|工薪|到手|养老金|退休金|退休费|离休费|退休工资|养老保险金|税后|每月|一个月|月入|挣|拿|开"
)
ONLY_INCOME = re.compile(
    r"(?:党费|工资|月薪|月?收入|养老金|退休金|退休费|老党员|退休|离休|在职|每月|一个月|税后|到手|党员|我|的|是|元|块钱?"
    r"|[\d.,，。?？])+"
)
"""Dues, an income and nothing else: what it comes to is asked without being said."""
YEARLY = re.compile(r"年薪|年收入|一年|每年|全年|年终")
OTHER_MATTER = re.compile(
    r"以上|以下|以内|之间|超过|[到至-]\d+.{0,6}哪一?档|^(?!.*(?:工资|月薪|养老金|退休金)).*哪一?档|除以|补交|补缴|欠|没交|未交|拖|逾期|自愿|特殊党费|捐|多交|经费|下拨|慰问|报销|买|花|活动|用党费|账户"
)

OTHER_PAYMENT = re.compile(r"税(?!后)|社保|医保|公积金|保险(?!金)|房|水电|电费|贷款|学费|罚款|会费|团费")
"""What else one pays out of an income; decides only when 党费 isn't named."""


class Payer(StrEnum):
    """Kinds of member that pay differently."""

    EMPLOYEE = "在职"
    SELF_EMPLOYED = "不按月取得收入的"
    RETIRED = "离退休"
    FARMER = "农民"
    LOWEST = "学生、下岗失业、领低保等"


WHO = (
    (Payer.LOWEST, re.compile(r"学生|大学生|研究生|下岗|失业|低保|抚恤|救济|没工作|没有工作")),
    (Payer.RETIRED, re.compile(r"退休|离休|养老金|养老保险|退了|老党员")),
    (Payer.FARMER, re.compile(r"农民|务农|种地|农村党员|种田")),
    (
        Payer.SELF_EMPLOYED,
        re.compile(r"个体|自由职业|灵活就业|零工|摆摊|做生意|做买卖|开(?:店|饭馆|网店|小店|超市)"),
    ),
    (
        Payer.EMPLOYEE,
        re.compile(r"工资|月薪|在职|上班|年薪|薪|税后|到手|职工|企业|公务员|老师|教师|机关|事业"),
    ),
)
PARTS = re.compile(r"(?:工资|奖金|津贴|绩效|补贴|养老金|退休金)\D{0,3}\d{3,}")
"""One part of a pay; of several, which belong to the base is for the asker to say…"""
COUNTED = re.compile(r"(?:基本|岗位|薪级|级别|职务|基础性?)(?:工资|绩效)?|工资|绩效|津贴|奖金|提成")
"""…unless each of them does: these make up the base."""
NOT_ADDED = re.compile(
    r"年终|奖励性|公积金|社保|五险|扣|个税|[车房餐话]补|取暖|加班|其中|包括|包含|原来|以前|之前|现在|涨|降|变成|上个?月|去年"
    r"|还是|或者|养老金|退休|他|她|爱人|老公|老婆|爸|妈|分别|各"
)
"""What isn't added, or speaks of one pay twice or of two people's."""
STUDENTS_ONLY = re.compile(r"老师|教师")

ARTICLES = {Payer.RETIRED: ("第五条",), Payer.SELF_EMPLOYED: ("第四条", "第二条")}
EMPLOYEE_BANDS = ((Decimal(3000), 5), (Decimal(5000), 10), (Decimal(10_000), 15), (None, 20))
RETIRED_BANDS = ((Decimal(5000), 5), (None, 10))
"""Upper bound of the band (its last yuan counts) and the rate in thousandths: the whole base pays
the rate of its band, bands are not added up (党费规定第二条、第五条)."""


@dataclass(frozen=True, slots=True)
class Due:
    """A month's due and how it came about; rates in thousandths."""

    base: Decimal
    rate: int
    due: Decimal


def due(base: Decimal, payer: Payer) -> Due:
    """What `base` yuan a month comes to; for those who pay by rate."""
    bands = RETIRED_BANDS if payer is Payer.RETIRED else EMPLOYEE_BANDS
    rate = next(rate for top, rate in bands if top is None or base <= top)
    return Due(base, rate, (base * rate / 1000).quantize(CENT, ROUND_HALF_UP))


def payer_in(text: str) -> Payer | None:
    """The kind of member a sentence speaks of."""
    for payer, pattern in WHO:
        if pattern.search(text) and not (payer is Payer.LOWEST and STUDENTS_ONLY.search(text)):
            return payer
    return None


def incomes_in(text: str) -> list[Decimal]:
    """Amounts that can be a month's income, those right after a word for income first."""
    found = amounts(text)
    near = [amount for amount in found if INCOME.search(text[max(0, amount.start - 8) : amount.start])]
    return [amount.yuan for amount in (near or found)]


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a question about one's own due, or None when it is about something else."""
    text = sentence.text
    follows = _is_income(text) if sentence.previous == ENTRY else _names_income(sentence)
    if not (follows or _asks(text)) or OTHER_MATTER.search(text):
        return None
    incomes = incomes_in(text)
    if not incomes:
        return None
    if (parts := _parts(text)) is not None:
        return _of_parts(parts)
    if len(PARTS.findall(text)) > 1:
        return _reply(
            "您说了不止一个数。请把该算进去的各项加成一个数再发一次，例如“工资6000”。\n"
            "公积金、社保、个税和车补、房补这类补贴不算在内。",
            Citation(RULE, "第一条"),
        )
    return _answer(incomes[0], payer_in(text), yearly=bool(YEARLY.search(text)))


def _parts(text: str) -> list[Decimal] | None:
    """The parts of one pay that together are the base, if a sentence tells nothing but such parts."""
    found = amounts(text)
    if len(found) < 2 or NOT_ADDED.search(text):
        return None
    begin, parts = 0, []
    for amount in found:
        if not COUNTED.search(text[begin : amount.start]):
            return None
        parts.append(amount.yuan)
        begin = amount.start + 1
    return parts


def _of_parts(parts: Sequence[Decimal]) -> Answer:
    """What the sum of the parts comes to, the adding shown as well."""
    base = sum(parts, Decimal(0))
    if not plausible(base):
        return _answer(base, Payer.EMPLOYEE, yearly=False)
    told = due(base, Payer.EMPLOYEE)
    first, *rest = _working(told, Payer.EMPLOYEE).split("\n")
    added = f"基数：{'＋'.join(map(yuan, parts))}＝{yuan(base)}元（奖励性绩效、不定期发的奖金不计入）"
    return _reply("\n".join((first, added, *rest)), *_rules(Payer.EMPLOYEE, told))


def _asks(text: str) -> bool:
    """Whether somebody asks what is due of an income of theirs."""
    if DUES.search(text):
        return bool(ASKS_AMOUNT.search(text) or ONLY_INCOME.fullmatch(text))
    own_pay = PAY.search(text) and INCOME.search(text) and not OTHER_PAYMENT.search(text)
    return bool(own_pay and ASKS_AMOUNT.search(text))


def _is_income(text: str) -> bool:
    """Whether a message after the calculation is nothing but an income: 4800, 那养老金5200呢."""
    if bare(text, "元|块|块钱") is not None:
        return True
    return bool(INCOME.search(text)) and len(text) <= LONGEST_FOLLOW_UP and not OTHER_PAYMENT.search(text)


def _names_income(sentence: Sentence) -> bool:
    """Whether somebody told about dues goes on with an income; a bare number could be anything there."""
    return (
        sentence.previous.startswith(OF_DUES)
        and bare(sentence.text, "元|块|块钱") is None
        and _is_income(sentence.text)
    )


def plausible(base: Decimal) -> bool:
    """Whether it can be a month's income: to the cent, and neither negative nor beyond belief."""
    return 0 <= base <= UNLIKELY and base == base.quantize(CENT)


def _answer(base: Decimal, payer: Payer | None, *, yearly: bool) -> Answer:
    if payer in (Payer.FARMER, Payer.LOWEST):
        return _fixed(payer)
    if not plausible(base):
        return _reply("这个数不像是一个月的收入。请把每月的税后收入（或养老金）再发一次，例如“工资5200”。")
    if yearly:
        return _reply(
            "党费按月收入算。请告诉我每月实际领取的税后收入，例如“工资5200”。\n"
            "实行年薪制的，以当月实际领取的薪酬为基数。",
            Citation(RULE, "第三条"),
        )
    if payer is None:
        return _either(base)
    return _reply(_working(due(base, payer), payer), *_rules(payer, due(base, payer)))


def _fixed(payer: Payer) -> Answer:
    amount = "0.2元至1元" if payer is Payer.FARMER else "0.2元"
    return _reply(
        f"每月交{amount}，不按收入比例计算。\n{payer.value}党员适用这个标准。", Citation(RULE, "第六条")
    )


def _either(base: Decimal) -> Answer:
    working, retired = due(base, Payer.EMPLOYEE), due(base, Payer.RETIRED)
    if not base:
        return _reply("没有收入时不按比例算。请告诉我您的身份：学生、农民、下岗失业，还是在职、退休？")
    return _reply(
        f"在职按工资算，每月{yuan(working.due)}元；离退休按养老金算，每月{yuan(retired.due)}元。\n"
        f"在职：{_formula(working)}\n离退休：{_formula(retired)}",
        Citation(RULE, "第二条"),
        Citation(RULE, "第五条"),
    )


def _rules(payer: Payer, worked: Due) -> tuple[Citation, ...]:
    articles = ARTICLES.get(payer, ("第一条", "第二条"))
    limit = (Citation(NOTICE),) if worked.due > USUAL_LIMIT else ()
    return (*(Citation(RULE, article) for article in articles), *limit)


def _working(worked: Due, payer: Payer) -> str:
    lines = [f"每月应交{yuan(worked.due)}元。", f"算法：{_formula(worked)}"]
    if payer is Payer.SELF_EMPLOYED:
        lines.append("不按月取得收入的党员，以上个季度的月平均纯收入为基数，参照在职党员的比例。")
    elif payer is Payer.RETIRED:
        lines.append("离退休党员以每月实领的离退休费或养老金总额为基数，5000元及以下0.5%，以上1%。")
    else:
        lines.append(
            "在职党员以相对固定的税后工资为基数，住房公积金、社保、各类改革性补贴等不计入；整档计算，不分段。"
        )
    if worked.due > USUAL_LIMIT:
        lines.append("每名党员月交数额一般不超过1000元，自愿多交不限。")
    return "\n".join(lines)


def _formula(worked: Due) -> str:
    percent = f"{Decimal(worked.rate) / 10:f}".rstrip("0").rstrip(".")
    return f"{yuan(worked.base)}×{percent}%＝{yuan(worked.due)}元"


def yuan(amount: Decimal) -> str:
    """5200.00 → 5200, 52.50 → 52.5."""
    text = f"{amount:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _reply(body: str, *citations: Citation) -> Answer:
    return worked(ENTRY, body, *citations)
