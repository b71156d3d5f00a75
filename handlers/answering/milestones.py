"""Which day of a member's way a date in a sentence is: the vote, the approval, the oath, the transition."""

import re
from dataclasses import dataclass
from datetime import date

from handlers.answering.dates import When, arabic, dates, last_before

TARGET = re.compile(
    r"(?:时)?(?:的时候)?(?:能|可以|可|算|够|是否).{0,4}(?:转正|期满|到期)|(?:就|已经?)?预备期(?:就|已经?)?(?:满|到期|结束)"
)
APPROVED = re.compile(
    r"(?:由|经|被)?(?:上级|乡镇|镇|街道|机关|基层|院|校|县级)?(?:党委|党工委|工委|组织)?(?:才|就|已)?(?:批准|审批|批复|批下来|批的|批了)"
)
OATH = re.compile(r".{0,4}宣誓")
FULL = re.compile(
    r"(?:按期|按时|正式|就|已经?|被|的)?(?:转正|转为正式|成为正式|转成正式)(?!的?(?:申请|时间是|大会))"
)
JOINED = re.compile(r".{0,8}?(?:通过|接收|预备(?!期(?:满|到|结束))|入党|吸收|发展|加入)")
BEFORE = (
    ("approved", re.compile(r"(?:批准|审批|批复)(?:日期|时间|日)?(?:是|为|在|于|:)*$")),
    ("oath", re.compile(r"宣誓(?:日期|时间|日)?(?:是|为|在|于|:)*$")),
    ("full", re.compile(r"(?:转正|转为正式党员|成为正式党员)(?:日期|时间|日)?(?:是|为|在|于|:)*$")),
    ("until", re.compile(r"(?:到|至|截至|截止)(?:了)?$")),
    (
        "joined",
        re.compile(r"(?:通过|接收|预备党员?|入党|吸收|发展|大会)(?:日期|时间|日|会)?(?:是|为|在|于|:)*$"),
    ),
)
AFTER = (("target", TARGET), ("oath", OATH), ("approved", APPROVED), ("full", FULL), ("joined", JOINED))
LONGEST_WITH_A_DAY = 8
"""Characters beside a date that is told as the answer to what was just explained."""
CLAUSE = re.compile(r"[,，。;；!！?？、|]")


@dataclass(frozen=True, slots=True)
class Milestones:
    """The dates of one way, as far as they were told."""

    joined: When | None = None
    approved: When | None = None
    oath: When | None = None
    full: When | None = None
    target: When | None = None
    until: When | None = None
    loose: When | None = None


def read(text: str, on: date | None) -> Milestones:
    """Every date under the first milestone that its words name."""
    text = arabic(text)
    found: dict[str, When] = {}
    seen = dates(text, on)
    for number, when in enumerate(seen):
        end = seen[number + 1].start if number + 1 < len(seen) else len(text)
        since = seen[number - 1].end if number else 0
        after = CLAUSE.split(text[when.end : end], maxsplit=1)[0]
        role = _role(CLAUSE.split(text[since : when.start])[-1], after)
        found.setdefault(role, when if role == "until" else last_before(when, on))
    return Milestones(**found)


def alone(text: str, on: date | None) -> When | None:
    """The date of a message that says little else: 1998年7月1日转正, 去年6月20日大会通过的."""
    text = arabic(text)
    found = dates(text, on)
    if len(found) != 1 or len(text) - (found[0].end - found[0].start) > LONGEST_WITH_A_DAY:
        return None
    return last_before(found[0], on)


def _role(before: str, after: str) -> str:
    for name, pattern in AFTER:
        if pattern.match(after):
            return name
    for name, pattern in BEFORE:
        if pattern.search(before):
            return name
    return "loose"
