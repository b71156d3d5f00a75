"""补交: what unpaid months of dues come to."""

import re
from decimal import Decimal

from handlers.answering import dues
from handlers.answering.dates import arabic
from handlers.answering.dues import Payer
from handlers.answering.numbers import amounts, bare, whole_number
from handlers.answering.shapes import Answer, Citation
from handlers.answering.worked import Sentence, missing, recall, whole, worked

NAME = "arrears"
ENTRY = "dues-late"
LATE = Citation("党费规定", "第十二条")
LEFT = Citation("党费规定", "第十三条")
LONGEST_MONTHS = 6
MOST_MONTHS = 600

DUES = re.compile(r"党费|dangfei|党废|党非")
UNPAID = re.compile(
    r"补交|补缴|(?<![车房饭贴工])补(?!贴|助|充)|欠|没交|未交|没缴|未缴|漏|拖|忘了?交|忘记交|(?<![多最至])少交"
)
OTHER_DEBT = re.compile(
    r"工资|薪|社保|医保|公积金|保险|房|租|水费|电费|物业|贷|款|利息|税|学费|会费|团费|话费|补贴|补助|低保|课"
)
"""What else one owes by the month; decides only when 党费 isn't named."""
ASKS = re.compile(r"多少|几块|几元|几毛|多钱|一共|总共|共要|怎么算|算一?[下算]|补几")
HOW_LONG = re.compile(r"多少(?:个月|年|天|时间)|最[长多]|几个月|谁|除名|脱党|处分")
MONTHS = re.compile(
    r"(?:(?P<half>半年)|(?P<and_half>一年半)|(?P<number>\d{1,5}|[一二两俩三仨四五六七八九十]{1,3})(?:个?(?P<month>月)(?!份|工资|收入|\d)|(?P<quarter>个?季度)|(?P<year>年)(?!\d|[底初前后度])))"
)
SHORT_MONTHS = re.compile(r"[俩仨]月")
ONLY_MONTHS = re.compile(
    r"(?:我|那|欠了?|有|大概|一共)*(?:\d{1,3}|[一二两俩三仨四五六七八九十]{1,3})个月[了呢的吧]*"
)
"""What somebody goes on with who was just told how long dues can be paid afterwards."""
RANGE = re.compile(
    r"(?:(?P<year>\d{4})年)?(?P<first>\d{1,2})月?份?(?:到|至|-|~|—)(?:(?P<year2>\d{4})年|(?P<next>今年|明年|次年|第二年))?(?P<last>\d{1,2})月"
)
MONTHLY = re.compile(
    r"(?:每个?月|一个?月|月)(?:应|该|要|得|核定|的?党费|党费)*(?:交|缴)?(?:是|为|党费|的)*$|(?:每月党费|党费每个?月|月党费)(?:是|为)?$"
)
PER_MONTH = re.compile(r"(?:元|块|块钱|元钱)?(?:一个月|每个?月|/月)")
WAGES = re.compile(r"工资|养老金|退休|收入|薪|到手|挣|离休")
ASKS_MONTHLY = "每月应交多少元？回复数字即可；不知道的话，发“工资5200”或“养老金3000”也行。"
ASKS_MONTHS = "欠了几个月？回复数字即可。"


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a question about what to pay for months that were missed."""
    if (asked := _recalled(sentence)) is not None:
        return asked
    text = sentence.text
    if sentence.previous == ENTRY and ONLY_MONTHS.fullmatch(text):
        return _answer(_months(text)[0], None)
    if not UNPAID.search(text) or HOW_LONG.search(text):
        return None
    months, rest = _months(arabic(text))
    monthly = _monthly(rest)
    if not DUES.search(text) and (OTHER_DEBT.search(text) or months is None or monthly is None):
        return None
    if not ASKS.search(text) and (months is None or monthly is None):
        return None
    if months is None and monthly is None:
        return None
    return _answer(months, monthly)


def _recalled(sentence: Sentence) -> Answer | None:
    """The missing number of a sum that was asked about before."""
    known = recall(sentence.previous, NAME, 2)
    if known is None:
        return None
    said = bare(sentence.text, "元|块|块钱|元钱|个月|月|个")
    if known[0]:
        monthly = said if said is not None and not sentence.text.endswith("月") else _monthly(sentence.text)
        return None if monthly is None else _answer(whole(known[0]), monthly)
    months = (
        _months(sentence.text)[0] if said is None else (int(said) if said == said.to_integral_value() else 0)
    )
    cents = whole(known[1])
    return None if months is None or cents is None else _answer(months, Decimal(cents) / 100)


def _months(text: str) -> tuple[int | None, str]:
    """How many months are unpaid, and the text without them."""
    if match := RANGE.search(text):
        return _range(match), text[: match.start()] + "," + text[match.end() :]
    for match in MONTHS.finditer(text):
        if re.match(r"(?:应|该|要)?(?:交|缴)\d", text[match.end() :]):
            continue
        rest = text[: match.start()] + "," + text[match.end() :]
        if match["half"] or match["and_half"]:
            return 6 if match["half"] else 18, rest
        number = int(match["number"]) if match["number"].isdecimal() else whole_number(match["number"])
        if number is None or _is_rate(text, match, number):
            continue
        return number * (3 if match["quarter"] else 12 if match["year"] else 1), rest
    return None, text


def _is_rate(text: str, match: re.Match[str], number: int) -> bool:
    """“一个月50元” is what a month costs; “2026年” and “6月” name a time."""
    after = text[match.end() : match.end() + 8]
    names_time = number > MOST_MONTHS or (
        bool(match["month"]) and "个" not in match[0] and not SHORT_MONTHS.match(match[0])
    )
    return names_time or (number == 1 and bool(re.match(r"(?:应|该|要|党费|交|缴|工资|是)*\d", after)))


def _range(match: re.Match[str]) -> int:
    first, last = int(match["first"]), int(match["last"])
    if not (1 <= first <= 12 and 1 <= last <= 12):
        return 0
    if match["year"] and match["year2"]:
        return (int(match["year2"]) - int(match["year"])) * 12 + last - first + 1
    return last - first + 1 + (12 if last < first or match["next"] in ("明年", "次年", "第二年") else 0)


def _monthly(text: str) -> Decimal | Payer | None:
    """What one month costs: named, or worked out of an income, or fixed by the kind of member."""
    found = amounts(text)
    for amount in found:
        if not WAGES.search(text[max(0, amount.start - 6) : amount.start]) and (
            MONTHLY.search(text[: amount.start]) or PER_MONTH.match(text[amount.end :])
        ):
            return amount.yuan
    payer = dues.payer_in(text)
    if payer in (Payer.LOWEST, Payer.FARMER):
        return payer
    incomes = dues.incomes_in(text) if WAGES.search(text) else []
    if not incomes or payer is None or not dues.plausible(incomes[0]) or not incomes[0]:
        return None
    return dues.due(incomes[0], payer).due


def _answer(months: int | None, monthly: Decimal | Payer | None) -> Answer:
    if isinstance(monthly, Payer):
        if monthly is Payer.FARMER:
            return missing(NAME, "农民党员每月0.2元至1元，您每月核定交多少元？回复数字即可。", months, None)
        monthly = Decimal("0.2")
    if months is not None and not 1 <= months <= MOST_MONTHS:
        return _ask_months(f"月数要是1到{MOST_MONTHS}的整数，请核对。", monthly)
    if monthly is not None and not (
        0 < monthly <= dues.USUAL_LIMIT and monthly == monthly.quantize(dues.CENT)
    ):
        return missing(
            NAME,
            f"{ASKS_MONTHLY}（每名党员月交数额一般不超过1000元；发的是收入，请写上“工资”或“养老金”。）",
            months,
            None,
        )
    if months is None:
        return _ask_months("", monthly)
    if monthly is None:
        return missing(NAME, ASKS_MONTHLY, months, None)
    return _worked(months, monthly)


def _ask_months(why: str, monthly: Decimal | None) -> Answer:
    known = None if monthly is None or not 0 < monthly <= dues.USUAL_LIMIT else int(monthly * 100)
    return missing(NAME, why + ASKS_MONTHS, None, known)


def _worked(months: int, monthly: Decimal) -> Answer:
    total = (monthly * months).quantize(dues.CENT)
    lines = [
        f"一共{dues.yuan(total)}元。",
        f"算法：每月{dues.yuan(monthly)}元×{months}个月＝{dues.yuan(total)}元。",
    ]
    if months > LONGEST_MONTHS:
        lines.append(f"但补交时间一般不得超过6个月，{months}个月已超过，请先向党支部说明情况。")
    else:
        lines.append("补交时间一般不得超过6个月；经党支部同意，也可以委托亲属或其他党员代为补交。")
    if months < LONGEST_MONTHS:
        return worked(ENTRY, "\n".join(lines), LATE)
    lines.append("没有正当理由连续6个月不交党费的，按自行脱党处理。")
    return worked(ENTRY, "\n".join(lines), LATE, LEFT)
