"""表决与选举: whether a meeting may be held and what its votes come to, from a sentence with numbers."""

import re
from decimal import Decimal

from handlers.answering import tally as tallies
from handlers.answering.numbers import bare
from handlers.answering.quorum import Rule, least_in_favour, least_present, may_meet
from handlers.answering.shapes import Answer, Citation
from handlers.answering.tally import Tally
from handlers.answering.worked import Sentence, missing, recall, whole, worked

NAME = "votes"
ELECTION_WORDS = re.compile(r"当选|选举|换届|换界|缓届|得票|选上|能选|选书记|选委员|选支委|选(?:出|的)")
COMMITTEE_WORDS = re.compile(
    r"支委会|支部委员会|个支委|名支委|(?<!选)支委(?:到|来|开会|有?[一二两三四五六七\d]|一共|总共|共)|委员会会议|名委员|个委员"
)
TRANSITION_WORDS = re.compile(r"转正|转政|转证|专正")
ADMISSION_WORDS = re.compile(
    r"(?:接收|吸收|发展|讨论|通过).{0,6}(?:预备|党员|入党|对象)|入党|发展(?:党员|大会|成功|会|[小老新]\w)"
    r"|预备党员(?:的)?(?:讨论|大会|接收|那个会)|(?:预备党员|发展对象|新党员)(?:能|算|可以)?(?:不能)?(?:通过|过了|能过|算过)"
)
ASSEMBLY_WORDS = re.compile(
    r"议题|决议|表决|通过|实到|应到|到会|赞成|同意|投票|开会|票|党员大会|支部大会|来了|到了"
)
ASKS = re.compile(
    r"能|可以|行不|行吗|够|有效|算数|作数|算不算|当选|通过|几票|多少|至少|最少|几人|几个|成功|成不成|过没过|过了没|吗|合规|合法|[?？]"
)
ASKS_VERDICT = re.compile(
    r"(?:能|可以|可不可以|算|是否|是不是)(?:不能)?(?:够)?(?:当选|选上|通过|成功|过)|(?:当选|通过|选上|成功)(?:了|没|吗|不|了吗)|够票|票够|过半"
)
ASKS_NUMBER = re.compile(r"多少|几票|至少|最少|几人|几个")
ASKS_MEETING = re.compile(r"能[开选]|开吗|有效")
ASKS_VOTES = re.compile(r"票|当选|选上|赞成|同意|通过|成功|过半")
OURS = re.compile(r"党|支部|支委|应到|实到|到会|议题|表决|决议|换[届界]|选举|当选|转正|委员|入党|发展")
INSIDE = re.compile(r"党|支部|支委|预备")
OUTSIDE = re.compile(r"公司|单位|答辩|评委|试用|员工|实习|小区|班级|全班|同学|家长|社团")
OTHERS = re.compile(
    r"村委|居委|村民|居民|业主|业委|工会|职工|职代|共青团|团员|团支部|团委|人大|董事|股东|监事|班长|班委|班干|"
    r"学生会|协会|妇联|合作社|政协|总统|议员|大选|党代|代表大会|代表会议|党委会|党委委员|党组|常委|生活会|评议|测评|民主推荐|小组会|"
    r"(?:能不能|可不可以|可以|能否|是不是|要不要|该不该|能).{0,10}(?:减掉|减去|刨掉|刨去|去掉|扣掉|扣除|不算)|"
    r"抓阄|抽签|(?:还能|能不能|可不可以|可以)再|都是[^,，。]{1,4}票|剩下|还差[一两二三]|"
    r"书面|一样|相等|相同|并列|设支委|一定要|要不要选|党课|主题党日|考试|面试|彩票|机票|车票|门票|发票|股票"
)
"""Meetings whose rule is another one, or isn't among ours."""

ABOUT_COMING = re.compile(r"(?<!应)到|来|能选|能不能选|换届|有效|能开|几人|多少人")
"""Asks for the people rather than the votes."""

ENTRIES = {
    Rule.COMMITTEE: "meetings-committee-quorum",
    Rule.ASSEMBLY: "meetings-assembly-vote",
    Rule.ADMISSION: "admission-meeting-vote",
    Rule.TRANSITION: "transition-vote",
    Rule.ELECTION: "election-elected",
}
QUORUM_ENTRIES = {
    Rule.ADMISSION: "admission-meeting-quorum",
    Rule.TRANSITION: "transition-quorum",
    Rule.ELECTION: "election-quorum",
}
"""Where the number that must come has an entry of its own."""

ADMISSION_RULE = "发展党员细则(2026)"
CITATIONS = {
    Rule.COMMITTEE: (Citation("支部条例", "第十二条"),),
    Rule.ASSEMBLY: (Citation("支部条例", "第十一条"),),
    Rule.ADMISSION: (Citation(ADMISSION_RULE, "第十九条"), Citation(ADMISSION_RULE, "第二十条")),
    # Its article of 2026 hasn't been read.
    Rule.TRANSITION: (Citation(ADMISSION_RULE),),
    Rule.ELECTION: (Citation("选举条例"),),
}
NOTES = {
    Rule.COMMITTEE: "须有半数以上委员到会，正好一半也可以。",
    Rule.ASSEMBLY: "应到、实到只数有表决权的正式党员。选举、接收预备党员另有规则。",
    Rule.ADMISSION: "按2026年修订的细则。应到、实到只数有表决权的正式党员，正好一半不行。",
    Rule.TRANSITION: "据现有资料，转正与接收要求相同，请以2026版细则原文为准。只数有表决权的正式党员。",
    Rule.ELECTION: "据现有资料，请以《选举条例》原文为准。应到、实到只数有选举权的正式党员。",
}
QUESTIONS = {
    "due": "应到多少人？（只数有表决权、选举权的正式党员）回复数字即可。",
    "present": "实到多少人？回复数字即可。",
    "favour": "得了多少赞成票？回复数字即可。",
}
COMMITTEE_SIZE = "支委会一共几名委员？回复数字即可。"
LETTERS = dict(zip("CAJTE", Rule, strict=True))
CODES = {rule: letter for letter, rule in LETTERS.items()}
SLOTS = ("due", "present", "favour")


def answer(sentence: Sentence) -> Answer | None:
    """The reply to a vote told in numbers, or None when it's about something else."""
    if (known := _recalled(sentence)) is not None:
        return _answer(*known, "" if known[0] is Rule.COMMITTEE else "能当选通过吗")
    text = sentence.text
    if not OURS.search(text) or not ASKS.search(text):
        return None
    rule = _rule(text)
    if rule is None or OTHERS.search(text) or (OUTSIDE.search(text) and not INSIDE.search(text)):
        return None
    tally = tallies.read(text)
    if not tally.labelled and not (
        tally.due is not None and re.search(r"当选|通过|[几少]票|表决|到会|成功|[来到][几多]", text)
    ):
        return None
    if tally.unclear:
        return missing(
            NAME, "数字我没有分清。请按这个样子再发一次：“应到50人，实到41人，赞成21票，能当选吗”。"
        )
    if tally.probationary:
        return missing(
            NAME,
            "预备党员没有表决权和选举权，不算在应到、实到里。请扣除预备党员后，把应到、实到、赞成的数字再发一次。",
        )
    return _answer(rule, tally, text)


def _rule(text: str) -> Rule | None:
    if ELECTION_WORDS.search(text):
        return Rule.ELECTION
    for words, rule in (
        (COMMITTEE_WORDS, Rule.COMMITTEE),
        (TRANSITION_WORDS, Rule.TRANSITION),
        (ADMISSION_WORDS, Rule.ADMISSION),
        (ASSEMBLY_WORDS, Rule.ASSEMBLY),
    ):
        if words.search(text):
            return rule
    return None


def _recalled(sentence: Sentence) -> tuple[Rule, Tally] | None:
    """A vote told before, with the number that this message adds to it."""
    known = recall(sentence.previous, NAME, 4)
    said = bare(sentence.text, "个?人|名|票|个") if known else None
    if known is None or said is None or len(known[0]) != 2 or known[0][0] not in LETTERS:
        return None
    due, present, favour = (None if (n := whole(field)) is None else Decimal(n) for field in known[1:])
    match known[0][1]:
        case "d":
            tally = Tally(said, present, favour)
        case "p":
            tally = Tally(due, said, favour)
        case _:
            tally = Tally(due, present, said)
    return LETTERS[known[0][0]], tally


def _ask(rule: Rule, tally: Tally, slot: str, body: str) -> Answer:
    """Keeps what is known except for the number asked for."""
    kept = tally.without(slot)
    question = COMMITTEE_SIZE if rule is Rule.COMMITTEE and slot == "due" else QUESTIONS[slot]
    state = (CODES[rule] + slot[0], kept.due, kept.present, kept.favour)
    return missing(NAME, f"{body}{question}", *state, citations=CITATIONS[rule] if "×" in body else ())


def _ask_again(rule: Rule, tally: Tally, slot: str, why: str) -> Answer:
    """Asks for a number that can't be right, and keeps the others that may be."""
    for name in SLOTS:
        if tallies.wrong(tally.only(name)):
            tally = tally.without(name)
    return _ask(rule, tally, slot, f"{why}，请核对。")


def _answer(rule: Rule, tally: Tally, text: str) -> Answer:
    if (found := tallies.wrong(tally)) is not None:
        return _ask_again(rule, tally, *found)
    due, present, favour = (
        None if value is None else int(value) for value in (tally.due, tally.present, tally.favour)
    )
    if due is None:
        return _without_due(rule, tally, present, favour, text)
    if rule is Rule.COMMITTEE:
        return _committee(due, present, votes_too=favour is not None or bool(ASKS_VOTES.search(text)))
    if present is not None and not may_meet(rule, due, present):
        return _too_few(rule, due, present)
    if rule is Rule.ELECTION and present is None and (favour is not None or not ABOUT_COMING.search(text)):
        least = least_present(rule, due)
        return _ask(
            rule, tally, "present", f"到会至少要{least}人（应到{due}人的五分之四），当选票数按实到人数算。"
        )
    if favour is not None:
        return _verdict(rule, due, present, favour)
    if present is None or tally.several or ASKS_NUMBER.search(text) or not ASKS_VERDICT.search(text):
        return _thresholds(rule, due, present, text)
    need = least_in_favour(rule, due=due, present=present)
    return _ask(rule, tally, "favour", f"到会人数够了：{_came(rule, due, present)}赞成至少要{need}票。")


def _without_due(rule: Rule, tally: Tally, present: int | None, favour: int | None, text: str) -> Answer:
    if rule is Rule.ELECTION and present is not None:
        need = present // 2 + 1
        if favour is not None and favour < need:
            short = f"不能当选，还差{need - favour}票。"
            return _reply(
                rule, f"{short}\n算法：得票{favour}×2＝{favour * 2}，没有超过实到{present}人的半数。"
            )
        if favour is not None:
            return _ask(
                rule,
                tally,
                "due",
                f"得票{favour}×2＝{favour * 2}，超过实到{present}人的半数。到会够不够还要看应到人数：",
            )
        if ASKS_VOTES.search(text):
            body = f"赞成至少要{need}票才能当选。\n算法：{need}×2＝{need * 2}＞实到{present}，超过半数。"
            return _reply(rule, f"{body}另外，到会要不少于应到的五分之四。")
    return _ask(rule, tally, "due", "")


def _committee(due: int, present: int | None, *, votes_too: bool) -> Answer:
    least = least_present(Rule.COMMITTEE, due)
    of_votes = "表决要几票，没有核过的条文，请问上级党组织。" if votes_too else ""
    if present is None:
        body = f"{due}名委员，至少{least}人到会才能开。{of_votes}\n算法：{least}×2＝{least * 2}≥{due}。"
        return _reply(Rule.COMMITTEE, body)
    if present < least:
        return _too_few(Rule.COMMITTEE, due, present)
    return _reply(Rule.COMMITTEE, f"能开会。{of_votes}\n算法：{_came(Rule.COMMITTEE, due, present)}")


def _too_few(rule: Rule, due: int, present: int) -> Answer:
    what = {Rule.ELECTION: "不能选举", Rule.COMMITTEE: "不能开会"}.get(rule, "不能表决")
    least = least_present(rule, due)
    short = f"到会至少要{least}人，只到了{present}人，还差{least - present}人"
    return _reply(rule, f"{what}：{short}。\n算法：{_came(rule, due, present)}", quorum=True)


def _thresholds(rule: Rule, due: int, present: int | None, text: str) -> Answer:
    least = least_present(rule, due)
    came = _came(rule, due, least if present is None else present)
    if present is None and rule is Rule.ELECTION:
        body = f"至少到会{least}人才能选举。\n算法：{came}\n当选要赞成票超过实到人数的半数。"
        return _reply(rule, body, quorum=True)
    need = least_in_favour(rule, due=due, present=due if present is None else present)
    votes, comes = f"赞成至少要{need}票", f"到会至少要{least}人"
    if present is not None:
        comes = f"{'可以选举' if rule is Rule.ELECTION else '可以表决'}，到会人数够了"
    of_people = not ASKS_VOTES.search(text) or (present is not None and ASKS_MEETING.search(text))
    first = f"{comes}；{votes}" if of_people else f"{votes}；{comes}"
    base = f"实到{present}" if rule is Rule.ELECTION else f"应到{due}"
    body = f"{first}。\n算法：{came}{need}×2＝{need * 2}＞{base}，超过半数。"
    if present is not None and need > present:
        body += f"\n到会只有{present}人，全部赞成也不到{need}票，请等人多时再表决。"
    return _reply(rule, body, quorum=bool(of_people))


def _verdict(rule: Rule, due: int, present: int | None, favour: int) -> Answer:
    need = least_in_favour(rule, due=due, present=due if present is None else present)
    base, half = ("实到", present) if rule is Rule.ELECTION else ("应到", due)
    word = "当选" if rule is Rule.ELECTION else "通过"
    enough = favour >= need
    first = f"能{word}。" if enough else f"不能{word}，还差{need - favour}票。"
    if enough and rule is Rule.ELECTION:
        first += "过半的人多于名额时，得票多的当选。"
    came = "" if present is None else _came(rule, due, present)
    sign = "＞" if favour * 2 > (half or 0) else "＝" if favour * 2 == half else "＜"
    why = "超过半数" if enough else "没有超过半数"
    return _reply(
        rule, f"{first}\n算法：{came}赞成{favour}×2＝{favour * 2}{sign}{base}{half}，{why}，至少要{need}票。"
    )


def _came(rule: Rule, due: int, present: int) -> str:
    """The working of the quorum."""
    times, of = (5, 4) if rule is Rule.ELECTION else (2, 1)
    ours, theirs = present * times, due * of
    sign = "＞" if ours > theirs else "＝" if ours == theirs else "＜"
    right = f"应到{due}×4＝{theirs}" if of == 4 else f"应到{due}"
    return f"到会{present}×{times}＝{ours}{sign}{right}，{'够' if may_meet(rule, due, present) else '不够'}；"


def _reply(rule: Rule, body: str, *, quorum: bool = False) -> Answer:
    entry = QUORUM_ENTRIES.get(rule, ENTRIES[rule]) if quorum else ENTRIES[rule]
    return worked(entry, f"{body}\n{NOTES[rule]}".replace("；\n", "。\n"), *CITATIONS[rule])
