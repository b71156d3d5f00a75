"""A rehearsal as a machine: what is the case, what somebody wishes, what becomes of it. Pure.

A rehearsal is the fold of its events (`replay`). `decide` says which event a wish makes, or refuses.
Steps go in the case's order, one at a time: nothing else moves the play on, so no step is skipped.
A key step that somebody plays is confirmed by nobody else; a role nobody holds is the system's, and
the host turns its page.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

from handlers import cases
from handlers import rehearsal_reckoning as reckoning
from handlers.answering.shapes import Citation
from handlers.case_content import CaseContent, Meeting, Step, Task
from handlers.errors import BadInput, NotAllowed, StepRefused, WrongState
from handlers.rehearsal_reckoning import Box, Facts

HOST = 1
"""The seat of whoever opened the rehearsal."""
SYSTEM = 0
MOST_SEATS = 60
USUAL_DUE = 15
CANDIDATE_NAMES = "甲乙丙丁戊己庚辛壬癸子丑"
CHOICES = ("favour", "against", "abstain")
BALLOT_KEEPERS = frozenset({"R15", "R16"})
CANDIDATE = "R17"
SIGN_IN = "R14"
OUTCOME = ("favour", "against", "abstained", "written", "returned", "passed", "good", "votes", "elected")


class Stage(StrEnum):
    """Life of a rehearsal."""

    GATHERING = "gathering"
    RUNNING = "running"
    PAUSED = "paused"
    FINISHED = "finished"


class Kind(StrEnum):
    """What somebody may wish."""

    TAKE = "take"
    DROP = "drop"
    LEAVE = "leave"
    REMOVE = "remove"
    START = "start"
    CONFIRM = "confirm"
    VOTE = "vote"
    RECOUNT = "recount"
    REVOTE = "revote"
    PAUSE = "pause"
    RESUME = "resume"
    FINISH = "finish"
    STOP = "stop"
    ADMIT = "admit"
    ADMIT_NONE = "admit_none"


HOSTS = frozenset(
    {
        Kind.ADMIT,
        Kind.ADMIT_NONE,
        Kind.REMOVE,
        Kind.START,
        Kind.REVOTE,
        Kind.PAUSE,
        Kind.RESUME,
        Kind.FINISH,
        Kind.STOP,
    }
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What the person on a seat wants to happen. `seat` is another one's, for the host to remove."""

    kind: Kind
    role: str = ""
    seat: int = 0
    step: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. What was voted is never in it, only that somebody has."""

    kind: str
    seat: int
    data: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """What a wish comes to: an event, and the ballot box after it. Nothing when it was so already."""

    event: Event | None
    box: Box


@dataclass(frozen=True, slots=True)
class Seat:
    """One person with a phone. Who left keeps the seat, without roles."""

    number: int
    name: str
    roles: frozenset[str] = frozenset()
    here: bool = True

    @property
    def votes(self) -> bool:
        """Whether this person has a ballot: a full member who plays nobody without a vote."""
        votes = {cases.role(code).vote for code in self.roles}
        return self.here and "yes" in votes and "never" not in votes


@dataclass(frozen=True, slots=True)
class Done:
    """A step that was confirmed, by whom (the system is 0), with what it reckoned."""

    step: int
    seat: int
    facts: Facts


@dataclass(frozen=True, slots=True)
class Play:
    """Where a rehearsal stands."""

    case: CaseContent
    opened_on: date
    due_known: int = 0
    sequence: int = 0
    stage: Stage = Stage.GATHERING
    admits_others: bool = False
    complete: bool = False
    seats: tuple[Seat, ...] = ()
    step: int = 1
    done: Mapping[int, Done] = field(default_factory=dict)
    known: Mapping[str, Any] = field(default_factory=dict)
    round: int = 1
    voted: frozenset[int] = frozenset()
    box: Box = field(default_factory=Box)

    @property
    def cast(self) -> tuple[str, ...]:
        """The roles that may be taken: those with a step, and those with something to do beside."""
        beside = [code for step in self.case.steps for code in step.also]
        return tuple(dict.fromkeys([*self.case.roles, *beside]))

    @property
    def current(self) -> Step | None:
        """The step that is being played; None when all are done."""
        return self.case.steps[self.step - 1] if self.step <= len(self.case.steps) else None

    @property
    def voters(self) -> int:
        """People with a phone who have a ballot, or have used it."""
        return len(self.voted | {seat.number for seat in self.seats if seat.votes})

    def holders(self, role: str) -> tuple[Seat, ...]:
        """Who plays a role."""
        return tuple(seat for seat in self.seats if seat.here and role in seat.roles)

    def seat(self, number: int) -> Seat:
        """The person on a seat.

        Raises:
            NotAllowed: there is nobody.
        """
        if not 1 <= number <= len(self.seats):
            raise NotAllowed
        return self.seats[number - 1]

    def may_confirm(self, number: int) -> bool:
        """Whether that seat turns the page of the current step."""
        if self.current is None or self.stage is not Stage.RUNNING:
            return False
        holders = self.holders(self.current.role)
        if any(seat.number == number for seat in holders):
            return True
        return number == HOST and (not holders or not self.current.key or self.closes_early)

    @property
    def closes_early(self) -> bool:
        """Whether the host may close the vote without those who haven't voted: somebody has."""
        step = self.current
        return step is not None and step.task is Task.BALLOT and bool(self.voted)

    @property
    def may_recount(self) -> bool:
        """Whether the number of those present may still be put right."""
        if "present" not in self.known or self.current is None:
            return False
        ballot = self.case.first(Task.BALLOT) or self.case.first(Task.QUORUM) or 0
        return self.step <= ballot


def opened(case: str, name: str, on: date, *, due: int = 0) -> Event:
    """The first event; `due`: how many voting members the branch's roster has."""
    return Event("opened", HOST, {"case": case, "name": name, "on": str(on), "due": due})


def joined(play: Play, name: str, *, is_ours: bool = True) -> Event:
    """Somebody new sits down; `is_ours`: on the roster of the host's branch.

    Raises:
        StepRefused: it is over, no seat is left, or others aren't admitted.
    """
    if play.stage is Stage.FINISHED:
        raise StepRefused("这场实训已经结束，实训码不再有效。")
    if not is_ours and not play.admits_others:
        raise StepRefused("这场实训只请了本支部的同志。请主持人先点“允许外支部加入”，再扫一次。")
    if len(play.seats) >= MOST_SEATS:
        raise StepRefused(f"这场实训已经坐满{MOST_SEATS}人，请另开一场。")
    return Event("joined", len(play.seats) + 1, {"name": name})


def returned(play: Play, number: int) -> Event | None:
    """Somebody who left is back; nothing when they are here."""
    return None if play.seat(number).here or play.stage is Stage.FINISHED else Event("returned", number)


def replay(events: Iterable[Event], *, play: Play | None = None, box: Box | None = None) -> Play:
    """The state after these events; the box is kept beside them."""
    for event in events:
        play = apply(play, event)
    if play is None:
        raise WrongState
    return replace(play, box=box) if box is not None else play


def apply(play: Play | None, event: Event) -> Play:
    """The state after one event."""
    if play is None:
        case = cases.casebook().cases[event.data["case"]]
        on = date.fromisoformat(event.data["on"])
        seats = (Seat(HOST, event.data["name"]),)
        return Play(case, on, due_known=event.data.get("due", 0), sequence=1, seats=seats)
    play = replace(play, sequence=play.sequence + 1)
    data = event.data
    match event.kind:
        case "joined":
            return replace(play, seats=(*play.seats, Seat(event.seat, data["name"])))
        case "returned":
            return _reseat(play, replace(play.seat(event.seat), here=True))
        case "left":
            return _reseat(play, replace(play.seat(event.seat), here=False, roles=frozenset()))
        case "took":
            seat = play.seat(event.seat)
            return _reseat(play, replace(seat, roles=seat.roles | {data["role"]}))
        case "dropped":
            seat = play.seat(event.seat)
            return _reseat(play, replace(seat, roles=seat.roles - {data["role"]}))
        case "started" | "resumed":
            return replace(play, stage=Stage.RUNNING)
        case "paused":
            return replace(play, stage=Stage.PAUSED)
        case "finished":
            return replace(play, stage=Stage.FINISHED, complete=data["complete"])
        case "admitted":
            return replace(play, admits_others=data["others"])
        case "voted":
            return replace(play, voted=play.voted | {event.seat})
        case "recounted":
            return replace(play, known={**play.known, "present": data["present"]})
        case "revoted":
            known = {name: value for name, value in play.known.items() if name not in OUTCOME}
            ballot = play.case.first(Task.BALLOT) or play.step
            return replace(play, step=ballot, round=play.round + 1, voted=frozenset(), known=known)
        case _:
            done = Done(data["step"], event.seat, data["facts"])
            known = {**play.known, **{name: v for name, v in done.facts.items() if name != "said"}}
            return replace(play, step=done.step + 1, done={**play.done, done.step: done}, known=known)


def _reseat(play: Play, seat: Seat) -> Play:
    seats = tuple(seat if one.number == seat.number else one for one in play.seats)
    return replace(play, seats=seats)


def decide(play: Play, number: int, wish: Wish) -> Move:
    """What a wish comes to.

    Raises:
        NotAllowed: it isn't for this seat to wish that.
        WrongState: not at this point of the rehearsal's life.
        StepRefused: a rule says no; it is named, with the working.
        BadInput: what was entered can't be taken.
    """
    seat = play.seat(number)
    if wish.kind in HOSTS and number != HOST:
        raise NotAllowed
    if play.stage is Stage.FINISHED:
        if wish.kind in (Kind.FINISH, Kind.STOP):
            return Move(None, play.box)
        raise WrongState
    if not seat.here:
        raise WrongState
    match wish.kind:
        case Kind.TAKE:
            return Move(_take(play, seat, wish.role), play.box)
        case Kind.DROP:
            event = Event("dropped", number, {"role": wish.role}) if wish.role in seat.roles else None
            return Move(event, play.box)
        case Kind.LEAVE | Kind.REMOVE:
            return Move(_leave(play, number if wish.kind is Kind.LEAVE else wish.seat), play.box)
        case Kind.CONFIRM:
            return _confirm(play, seat, wish)
        case Kind.VOTE:
            return _vote(play, seat, wish)
        case Kind.RECOUNT:
            return Move(_recount(play, seat, wish.facts), play.box)
        case Kind.REVOTE:
            return _revote(play)
        case Kind.ADMIT | Kind.ADMIT_NONE:
            return Move(_admit(play, others=wish.kind is Kind.ADMIT), play.box)
        case _:
            return Move(_stage(play, wish.kind), play.box)


def _take(play: Play, seat: Seat, role: str) -> Event | None:
    if role not in play.cast:
        raise BadInput(role="这个案例里没有这个角色")
    if role in seat.roles:
        return None
    if cases.role(role).alone and play.holders(role):
        raise StepRefused(f"“{cases.role(role).name}”已经有人担任，请选别的角色。")
    both = seat.roles | {role}
    if CANDIDATE in both and both & BALLOT_KEEPERS:
        raise StepRefused("候选人不能监票、计票，请选别的角色。", reckoning.ELECTION)
    if role == CANDIDATE and "names" in play.known:
        raise StepRefused("候选人名单已经定了，不能再加人。", reckoning.ELECTION)
    return Event("took", seat.number, {"role": role})


def _leave(play: Play, number: int) -> Event | None:
    if number == HOST:
        raise StepRefused("主持实训的人不能离席；要结束，请用“提前结束”。")
    return Event("left", number) if play.seat(number).here else None


def _admit(play: Play, *, others: bool) -> Event | None:
    return None if play.admits_others is others else Event("admitted", HOST, {"others": others})


STAGES = {
    Kind.START: (Stage.GATHERING, Stage.RUNNING, "started"),
    Kind.PAUSE: (Stage.RUNNING, Stage.PAUSED, "paused"),
    Kind.RESUME: (Stage.PAUSED, Stage.RUNNING, "resumed"),
}


def _stage(play: Play, kind: Kind) -> Event | None:
    if kind is Kind.STOP:
        return Event("finished", HOST, {"complete": play.current is None})
    if kind is Kind.FINISH:
        if play.current is not None:
            missing = len(play.case.steps) - play.step + 1
            raise StepRefused(f"还有{missing}步没有做完，不能算完成。要提前结束，请用“提前结束”。")
        return Event("finished", HOST, {"complete": True})
    before, after, name = STAGES[kind]
    if play.stage is after:
        return None
    if play.stage is not before:
        raise WrongState
    return Event(name, HOST)


def _running(play: Play) -> Step:
    if play.stage is Stage.GATHERING:
        raise StepRefused("实训还没有开始，请等主持人点“开始”。")
    if play.stage is Stage.PAUSED:
        raise StepRefused("实训暂停了，请等主持人点“继续”。")
    if play.current is None:
        raise StepRefused("所有步骤都做完了。")
    return play.current


def _confirm(play: Play, seat: Seat, wish: Wish) -> Move:
    if wish.step in play.done and wish.step < play.step:
        return Move(None, play.box)  # A double tap, or somebody was quicker.
    step = _running(play)
    _refuse_disorder(play, step, wish)
    if not play.may_confirm(seat.number):
        key = "这是关键步骤，要由他来确认。" if step.key else "请等他确认。"
        raise StepRefused(f"这一步由{cases.role(step.role).name}来做，{key}")
    holds = step.role in seat.roles
    facts = dict(wish.facts) if holds or wish.facts else {}
    if not holds:
        facts = {**defaults(play), **facts}
    left = reckon(play, step, facts, closes=not holds)
    by = seat.number if holds or play.holders(step.role) else SYSTEM
    return Move(Event("confirmed", by, {"step": play.step, "facts": left}), _box_after(play, step))


def _refuse_disorder(play: Play, step: Step, wish: Wish) -> None:
    if wish.step == play.step:
        return
    rule: object = step.citations[0] if step.citations else ""
    raise StepRefused(
        f"次序不对：现在是第{play.step}步“{step.do}”，由{cases.role(step.role).name}来做，做完才能往下走。",
        rule,
    )


def _box_after(play: Play, step: Step) -> Box:
    if step.task is Task.BALLOT:  # It was emptied and counted.
        return Box()
    if step.task is Task.TELLERS or (step.task is Task.QUORUM and play.case.meeting is not Meeting.ELECTION):
        return new_box(play)
    return play.box


def new_box(play: Play) -> Box:
    """An empty box for this case's ballots."""
    places = play.known.get("candidates", 0) if play.case.meeting is Meeting.ELECTION else len(CHOICES)
    return Box(0, (0,) * places)


def _vote(play: Play, seat: Seat, wish: Wish) -> Move:
    step = _running(play)
    if step.task is not Task.BALLOT or wish.step != play.step:
        raise StepRefused("现在不是投票的时候，请等到投票那一步。")
    if not seat.votes:
        raise StepRefused(no_ballot(seat), Citation("党章", "第七条") if "R08" in seat.roles else "")
    _refuse_second_vote(play, seat)
    present = play.known["present"]
    if len(play.voted) >= present:
        raise StepRefused(f"登记的实到是{present}人，票已经发完；晚到的请先让签到联络员更正实到人数。")
    box = play.box if len(play.box.counts) == len(new_box(play).counts) else new_box(play)
    ticks = _ticks(play, wish.facts)
    event = Event("voted", seat.number, {"step": play.step, "round": play.round})
    return Move(event, box.plus(ticks))


def _refuse_second_vote(play: Play, seat: Seat) -> None:
    if seat.number in play.voted:
        raise StepRefused("您已经投过票了，一人只投一次。")


def may_vote(play: Play, number: int) -> bool:
    """Whether that seat has a ballot to give now."""
    step, seat = play.current, play.seat(number)
    is_ballot = step is not None and step.task is Task.BALLOT and play.stage is Stage.RUNNING
    return is_ballot and seat.votes and number not in play.voted


def no_ballot(seat: Seat) -> str:
    """Why that person has no ballot, and what to do about it."""
    never = [cases.role(code).name for code in sorted(seat.roles) if cases.role(code).vote == "never"]
    if never:
        return f"您演的{'、'.join(never)}在这里没有表决权、选举权，不投票。"
    return "请先选一个正式党员担任的角色，才能投票。"


def _ticks(play: Play, facts: Mapping[str, Any]) -> list[int]:
    if play.case.meeting is not Meeting.ELECTION:
        choice = facts.get("choice")
        if choice not in CHOICES:
            raise BadInput(choice="请选赞成、不赞成或弃权")
        return [CHOICES.index(str(choice))]
    approve = facts.get("approve")
    most = len(play.known["names"])
    if (
        not isinstance(approve, Sequence)
        or isinstance(approve, str)
        or any(type(at) is not int or not 1 <= at <= most for at in approve)
        or len(set(approve)) != len(approve)
    ):
        raise BadInput(approve="请在候选人里勾选；一个都不赞成就不勾")
    posts = play.known["posts"]
    if len(approve) > posts:
        said = f"应选{posts}名，您勾了{len(approve)}名。所选人数多于应选名额的票无效，请重新填写。"
        raise StepRefused(said, reckoning.ELECTION)
    return [at - 1 for at in approve]


def _recount(play: Play, seat: Seat, facts: Mapping[str, Any]) -> Event | None:
    if seat.number != HOST and SIGN_IN not in seat.roles:
        raise NotAllowed
    if not play.may_recount or play.stage is not Stage.RUNNING:
        raise WrongState
    due = play.known["due"]
    present = reckoning.number(facts, "present", "实到人数", least=max(1, len(play.voted)), most=due)
    quorum = play.case.first(Task.QUORUM)
    if quorum in play.done:
        reckoning.quorum(play.case.meeting.rule, due, present)
    if present == play.known["present"]:
        return None
    return Event("recounted", seat.number, {"present": present})


def _revote(play: Play) -> Move:
    ballot = play.case.first(Task.BALLOT)
    if play.stage is not Stage.RUNNING or ballot is None or play.step <= ballot:
        raise WrongState
    if play.known.get("good", True):
        raise StepRefused("结果已经清楚，不用重投。")
    return Move(Event("revoted", HOST, {"round": play.round + 1}), new_box(play))


def defaults(play: Play) -> Facts:
    """What the system would enter at the current step, and what a form shows beforehand."""
    step = play.current
    due = play.known.get("due") or max(play.due_known or USUAL_DUE, play.voters)
    known = play.known
    match step.task if step else Task.NONE:
        case Task.DEADLINE:
            return {"approved_on": str(play.opened_on), "meeting_on": str(play.opened_on + timedelta(14))}
        case Task.PAPERS:
            on = play.opened_on
            return {
                "activist_on": str(on - timedelta(500)),
                "candidate_on": str(on - timedelta(60)),
                "publicity_from": str(on - timedelta(80)),
                "publicity_until": str(on - timedelta(65)),
            }
        case Task.DUE:
            return {"due": due}
        case Task.PRESENT:
            return {"present": min(due, max(due - due // 8, play.voters, 1))}
        case Task.COMMITTEE:
            return {"due": 5, "present": 4}
        case Task.SURPLUS:
            return {"posts": 3, "candidates": max(4, min(len(play.holders(CANDIDATE)), 5))}
        case Task.COUNT:
            return {"written": 0}
        case Task.VERDICT:
            outcome = _outcome(play, 0)
            return {name: outcome[name] for name in ("passed", "elected") if name in outcome}
        case Task.APPROVAL:
            meeting_on = date.fromisoformat(known["meeting_on"])
            return {"decided_on": str(meeting_on + timedelta(45)), "special": False}
        case _:
            return {}


def reckon(play: Play, step: Step, facts: Mapping[str, Any], *, closes: bool) -> Facts:
    """What the current step leaves; only what it asks for is taken from `facts`."""
    known = play.known
    match step.task:
        case Task.DEADLINE:
            return reckoning.deadline(
                reckoning.day(facts, "approved_on", "预审合格日期"),
                reckoning.day(facts, "meeting_on", "党员大会日期"),
            )
        case Task.PAPERS:
            days_of = ("activist_on", "candidate_on", "publicity_from", "publicity_until")
            words = ("列为积极分子日期", "列为发展对象日期", "公示开始日期", "公示结束日期")
            days = [reckoning.day(facts, name, word) for name, word in zip(days_of, words, strict=True)]
            return reckoning.papers(*days)
        case Task.DUE:
            due = reckoning.number(facts, "due", "应到人数", least=max(3, play.voters))
            said = f"{reckoning.entitled(play.case.meeting.rule)}{due}人，应到{due}人。"
            return {"due": due, "said": said}
        case Task.PRESENT:
            least = min(play.voters, known["due"])
            return reckoning.attendance(
                known["due"], reckoning.number(facts, "present", "实到人数", least=least)
            )
        case Task.COMMITTEE:
            return reckoning.committee(
                reckoning.number(facts, "due", "委员人数"),
                reckoning.number(facts, "present", "到会人数"),
            )
        case Task.QUORUM:
            return reckoning.quorum(play.case.meeting.rule, known["due"], known["present"])
        case Task.SURPLUS:
            return reckoning.surplus(
                reckoning.number(facts, "posts", "应选名额"),
                reckoning.number(facts, "candidates", "候选人数"),
            )
        case Task.TELLERS:
            names = _candidate_names(play)
            return {"names": names, "said": f"候选人：{'、'.join(names)}。监票人、计票人都不是候选人。"}
        case Task.BALLOT:
            return _close(play, closes=closes)
        case Task.COUNT:
            least_written = 0
            if play.case.meeting is Meeting.ADMISSION:
                most = known["due"] - known["present"]
                least_written = reckoning.number(facts, "written", "书面赞成意见", most=most)
            return _outcome(play, least_written)
        case Task.VERDICT:
            return _verdict(play, facts)
        case Task.APPROVAL:
            return reckoning.approval(
                date.fromisoformat(known["meeting_on"]),
                reckoning.day(facts, "decided_on", "审批日期"),
                special=facts.get("special") is True,
            )
        case _:
            return {}


def _candidate_names(play: Play) -> list[str]:
    people = [seat.name for seat in play.holders(CANDIDATE)]
    others = [f"候选人{letter}" for letter in CANDIDATE_NAMES]
    return [*people, *others][: play.known["candidates"]]


def _close(play: Play, *, closes: bool) -> Facts:
    waiting = [seat.name for seat in play.seats if seat.votes and seat.number not in play.voted]
    if waiting and not closes:
        raise StepRefused(
            f"还有{len(waiting)}位没有投票：{'、'.join(waiting[:8])}。等一等，或者请主持人收票。"
        )
    box = play.box if len(play.box.counts) == len(new_box(play).counts) else new_box(play)
    by_system = max(0, play.known["present"] - play.voters)
    posts = play.known.get("posts", 0) if play.case.meeting is Meeting.ELECTION else 0
    full = reckoning.played(box, by_system, posts=posts)
    said = (
        f"投票结束：在场的手机投了{len(play.voted)}张，其余{by_system}张由系统代演，共收回{full.ballots}张。"
    )
    if (
        play.case.first(Task.COUNT) is None
    ):  # Whoever announces the result has no other step to learn it from.
        said += (
            "清点："
            + "、".join(
                f"{word}{count}" for word, count in zip(("赞成", "不赞成", "弃权"), full.counts, strict=True)
            )
            + "。"
        )
    return {"box": [full.ballots, *full.counts], "said": said, "by_system": by_system}


def _outcome(play: Play, written: int) -> Facts:
    known = play.known
    ballots, *counts = known["box"]
    box = Box(ballots, tuple(counts))
    if play.case.meeting is Meeting.ELECTION:
        return reckoning.election(known["names"], posts=known["posts"], present=known["present"], box=box)
    written = written or known.get("written", 0)
    rule = play.case.meeting.rule
    return reckoning.motion(rule, due=known["due"], present=known["present"], box=box, written=written)


def _verdict(play: Play, facts: Mapping[str, Any]) -> Facts:
    outcome = _outcome(play, 0)
    step = play.current
    rule: object = step.citations[0] if step and step.citations else ""
    if play.case.meeting is Meeting.ELECTION:
        given = facts.get("elected")
        if not isinstance(given, Sequence) or isinstance(given, str):
            raise BadInput(elected="请勾出当选的人")
        if sorted(map(str, given)) != sorted(map(str, outcome["elected"])):
            raise StepRefused(f"当选的人不对，请再算一算。{outcome['said']}", rule)
    else:
        if not isinstance(facts.get("passed"), bool):
            raise BadInput(passed="请选通过或者没有通过")
        if facts["passed"] is not outcome["passed"]:
            raise StepRefused(f"结论不对，请再算一算。{outcome['said']}", rule)
    return outcome
