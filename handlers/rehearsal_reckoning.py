"""What the steps of a rehearsal reckon: who must be there, who passed, which day is too late. Pure.

Every function gives the facts that a step leaves, with the working in words under `said`, or refuses
with the working and its rule.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from handlers.answering.dates import add_months
from handlers.answering.publicity import working_days
from handlers.answering.quorum import Rule, least_candidates, least_in_favour, least_present, may_meet
from handlers.answering.shapes import Citation
from handlers.answering.votes import CITATIONS
from handlers.errors import BadInput, StepRefused

Facts = dict[str, Any]
PUBLICITY_DAYS = 5
TRAINING_MONTHS = 12
MEETING_WITHIN = 1
APPROVAL_WITHIN, APPROVAL_AT_MOST = 3, 6
MOST_PEOPLE = 500
COMMITTEE = range(3, 8)
POSTS = range(1, 8)
MOST_CANDIDATES = 12
ADMISSION = "发展党员细则(2026)"
ELECTION = Citation("选举条例")
FAVOUR, AGAINST, ABSTAINED = range(3)


@dataclass(frozen=True, slots=True)
class Box:
    """What is in the ballot box: how many ballots, and the ticks on them. Nobody can tell whose they are.

    `counts` are 赞成, 不赞成, 弃权; in an election they are the ticks of each candidate.
    """

    ballots: int = 0
    counts: tuple[int, ...] = (0, 0, 0)

    def plus(self, ticks: Sequence[int]) -> "Box":
        """With one more ballot, ticked at these places, counted from 0."""
        counts = tuple(count + (at in ticks) for at, count in enumerate(self.counts))
        return Box(self.ballots + 1, counts)


def entitled(rule: Rule) -> str:
    """Whom a meeting counts."""
    if rule is Rule.COMMITTEE:
        return "委员"
    return "有选举权的正式党员" if rule is Rule.ELECTION else "有表决权的正式党员"


def quorum(rule: Rule, due: int, present: int) -> Facts:
    """Enough have come.

    Raises:
        StepRefused: they have not.
    """
    least = least_present(rule, due)
    share = {
        Rule.ELECTION: f"不少于应到的五分之四：{due}×4÷5，至少{least}人",
        Rule.ADMISSION: f"超过应到的一半：{due}÷2，至少{least}人",
    }.get(rule, f"达到应到的一半：{due}÷2，至少{least}人")
    said = f"{entitled(rule)}应到{due}人，实到{present}人。要{share}；"
    if not may_meet(rule, due, present):
        sentence = f"{said}还差{least - present}人，不能开会表决，应当改期。有人赶到的，先更正实到人数。"
        raise StepRefused(sentence, CITATIONS[rule][0])
    return {"said": f"{said}实到{present}人，符合。", "least": least}


def surplus(posts: int, candidates: int) -> Facts:
    """Candidates are a fifth more than the posts."""
    _within(posts, POSTS, "posts", "应选名额")
    if candidates > MOST_CANDIDATES:
        raise BadInput(candidates=f"候选人最多{MOST_CANDIDATES}名")
    least = least_candidates(posts)
    said = f"应选{posts}名，差额不少于五分之一：{posts}÷5向上取整是{least - posts}名，候选人至少{least}名"
    if candidates < least:
        raise StepRefused(f"{said}，现在只有{candidates}名，差额不够。", ELECTION)
    return {"posts": posts, "candidates": candidates, "said": f"{said}，现有{candidates}名，符合。"}


def committee(due: int, present: int) -> Facts:
    """How many are on the committee, and how many came."""
    _within(due, COMMITTEE, "due", "委员人数")
    return {"due": due} | attendance(due, present)


def attendance(due: int, present: int) -> Facts:
    """How many came; never more than were due."""
    if not 0 <= present <= due:
        raise BadInput(present=f"实到人数应在0到{due}之间（应到{due}人）")
    return {"present": present, "said": f"应到{due}人，实到{present}人。"}


def deadline(approved_on: date, meeting_on: date) -> Facts:
    """The meeting is held within a month of the approval."""
    last = add_months(approved_on, MEETING_WITHIN)
    rule = Citation(ADMISSION, "第十九条")
    if meeting_on < approved_on:
        raise StepRefused(f"预审合格是{approved_on}，党员大会不能开在它前面：先预审，后开会。", rule)
    if meeting_on > last:
        raise StepRefused(
            f"预审合格是{approved_on}，加1个月是{last}；定在{meeting_on}，晚了{(meeting_on - last).days}天。",
            rule,
        )
    said = f"预审合格{approved_on}，加1个月是{last}，定在{meeting_on}，没有超期。"
    return {"approved_on": str(approved_on), "meeting_on": str(meeting_on), "said": said}


def papers(activist_on: date, candidate_on: date, publicity_from: date, publicity_until: date) -> Facts:
    """A year of training, and a publicity of five working days before becoming a candidate."""
    trained(activist_on, candidate_on)
    days = publicised(publicity_from, publicity_until)
    publicised_before(publicity_until, candidate_on)
    return {
        "activist_on": str(activist_on),
        "candidate_on": str(candidate_on),
        "said": f"{activist_on}列为积极分子，到{candidate_on}已满1年；"
        f"公示从{publicity_from}到{publicity_until}，工作日{days}天，不少于{PUBLICITY_DAYS}天。",
    }


def trained(activist_on: date, candidate_on: date) -> None:
    """A year lies between becoming an activist and a candidate.

    Raises:
        StepRefused: it doesn't.
    """
    full = add_months(activist_on, TRAINING_MONTHS)
    if candidate_on < full:
        said = f"{activist_on}列为积极分子，满1年是{full}；{candidate_on}还不满1年。"
        raise StepRefused(said, Citation(ADMISSION, "第十三条"))


def publicised(since: date, until: date) -> int:
    """How many working days a publicity lasted.

    Raises:
        StepRefused: fewer than five.
    """
    days = working_days(since, until) if since <= until else 0
    if days < PUBLICITY_DAYS:
        said = f"公示从{since}到{until}，工作日只有{days}天，不少于{PUBLICITY_DAYS}个工作日才行。"
        raise StepRefused(said, Citation(ADMISSION, "第十三条"))
    return days


def publicised_before(until: date, candidate_on: date) -> None:
    """The publicity was over when somebody became a candidate.

    Raises:
        StepRefused: it wasn't.
    """
    if until > candidate_on:
        said = f"公示到{until}还没结束，{candidate_on}不能列为发展对象。"
        raise StepRefused(said, Citation(ADMISSION, "第十三条"))


def approval(meeting_on: date, decided_on: date, *, special: bool) -> Facts:
    """The committee above decides within three months, in special cases within six."""
    rule = Citation(ADMISSION, "第二十五条")
    usual, last = add_months(meeting_on, APPROVAL_WITHIN), add_months(meeting_on, APPROVAL_AT_MOST)
    span = f"大会{meeting_on}，加3个月是{usual}，加6个月是{last}"
    if decided_on < meeting_on:
        raise StepRefused(f"党员大会是{meeting_on}，审批不能在它前面。", rule)
    if decided_on > last:
        raise StepRefused(f"{span}；{decided_on}审批，超过了最长6个月。", rule)
    if decided_on > usual and not special:
        raise StepRefused(f"{span}；{decided_on}审批超过3个月，只有特殊情况才可以，请说明。", rule)
    said = f"{span}；{decided_on}审批，在期限内。"
    return {"decided_on": str(decided_on), "special": special, "said": said}


def played(box: Box, by_system: int, *, posts: int = 0) -> Box:
    """The box with the ballots of members whom nobody plays."""
    for number in range(by_system):
        if posts:
            chosen = list(range(posts))
            if number % 4 == 3 and len(box.counts) > posts:
                chosen[-1] = posts  # Some would rather have the one more.
            box = box.plus(chosen)
        else:
            differs = by_system >= 5 and number < 2  # One abstains, one says no.
            box = box.plus([ABSTAINED - number if differs else FAVOUR])
    return box


def motion(rule: Rule, *, due: int, present: int, box: Box, written: int = 0) -> Facts:
    """Whether more than half of those who were due agree; `written`: opinions handed in before."""
    favour, against, abstained = box.counts
    least = least_in_favour(rule, due=due, present=present)
    sum_of = f"会上赞成{favour}票，书面赞成{written}份，共{favour + written}" if written else f"赞成{favour}"
    passed = favour + written >= least
    said = (
        f"实到{present}人，收回{box.ballots}张：赞成{favour}、不赞成{against}、弃权{abstained}。"
        f"要超过应到{due}人的一半：{due}÷2，至少{least}票；{sum_of}票，{'通过' if passed else '没有通过'}。"
    )
    return {
        "favour": favour,
        "against": against,
        "abstained": abstained,
        "written": written,
        "returned": box.ballots,
        "passed": passed,
        "good": passed,
        "said": said,
    }


def election(names: Sequence[str], *, posts: int, present: int, box: Box) -> Facts:
    """Who has more than half of those present, the best first, as many as there are posts."""
    least = least_in_favour(Rule.ELECTION, due=present, present=present)
    enough = sorted(
        (at for at, ticks in enumerate(box.counts) if ticks >= least), key=lambda at: (-box.counts[at], at)
    )
    elected, tied = enough, []
    if len(enough) > posts:
        bar = box.counts[enough[posts]]
        elected = [at for at in enough[:posts] if box.counts[at] > bar]
        tied = [at for at in enough if box.counts[at] == bar] if len(elected) < posts else []
    votes = "，".join(f"{name}{ticks}票" for name, ticks in zip(names, box.counts, strict=True))
    said = (
        f"收回{box.ballots}张，投票{present}人，{box.ballots}≤{present}，有效。要超过实到{present}人的一半，"
        f"至少{least}票。{votes}。当选：{'、'.join(names[at] for at in elected) or '无'}。"
    )
    if tied:
        said += f"{'、'.join(names[at] for at in tied)}票数相等，不能确定，就他们再投一次。"
    elif len(elected) < posts:
        said += f"当选{len(elected)}名，比应选少{posts - len(elected)}名，不足的名额另行选举。"
    return {
        "votes": list(box.counts),
        "returned": box.ballots,
        "elected": [at + 1 for at in elected],
        "elected_names": [names[at] for at in elected],
        "tied": [at + 1 for at in tied],
        "good": len(elected) == posts,
        "said": said,
    }


def number(facts: Mapping[str, Any], name: str, word: str, *, least: int = 0, most: int = MOST_PEOPLE) -> int:
    """A whole number that was entered."""
    given = facts.get(name)
    if isinstance(given, str) and given.strip().isdecimal() and len(given.strip()) < 6:
        given = int(given)
    if not isinstance(given, int) or isinstance(given, bool):
        raise BadInput(**{name: f"{word}应是整数"})
    _within(given, range(least, most + 1), name, word)
    return given


def day(facts: Mapping[str, Any], name: str, word: str) -> date:
    """A day that was entered."""
    given = facts.get(name)
    try:
        found = date.fromisoformat(given) if isinstance(given, str) else None
    except ValueError:
        found = None
    if found is None or not 2000 <= found.year <= 2100:
        raise BadInput(**{name: f"{word}应是日期，如 2026-11-20"})
    return found


def _within(value: int, span: range, name: str, word: str) -> None:
    if value not in span:
        raise BadInput(**{name: f"{word}应在{span.start}到{span.stop - 1}之间"})
