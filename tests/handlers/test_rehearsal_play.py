"""A rehearsal under random wishes: no key step skipped, no vote counted twice, always an end."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import rehearsal_play as playing
from handlers.case_content import Task
from handlers.errors import Refused, StepRefused
from handlers.rehearsal_play import HOST, SYSTEM, Event, Kind, Play, Stage, Wish

CASES = [f"C{number}" for number in range(1, 10)]
ROLES = [f"R{number:02}" for number in range(1, 25)]


def begun(case: str, *, due: int = 0) -> Play:
    return playing.apply(None, playing.opened(case, "1号", date(2026, 11, 20), due=due))


def then(play: Play, seat: int, kind: Kind, **wish: Any) -> Play:
    move = playing.decide(play, seat, Wish(kind, **wish))
    return play if move.event is None else playing.replay([move.event], play=play, box=move.box)


def joined(play: Play, *roles: str) -> Play:
    play = playing.apply(play, playing.joined(play, f"{len(play.seats) + 1}号"))
    for role in roles:
        play = then(play, len(play.seats), Kind.TAKE, role=role)
    return play


def peopled(case: str, roles: list[int], steps: int) -> tuple[Play, list[Event]]:
    """Under way: four who joined took roles, the first steps are done; with the events after opening."""
    play, events = begun(case), []

    def happen(event: Event, box: Any) -> None:
        nonlocal play
        events.append(event)
        play = playing.replay([event], play=play, box=box)

    for _ in range(4):
        happen(playing.joined(play, f"{len(play.seats) + 1}号"), play.box)
    wishes = [(at % 4 + 2, Wish(Kind.TAKE, role=play.cast[n % len(play.cast)])) for at, n in enumerate(roles)]
    for seat, wish in [*wishes, (HOST, Wish(Kind.START))]:
        with suppress(Refused):
            move = playing.decide(play, seat, wish)
            if move.event is not None:
                happen(move.event, move.box)
    for _ in range(steps):
        if play.current is None or play.current.task is Task.BALLOT:
            break
        by = next((seat.number for seat in play.holders(play.current.role)), HOST)
        wish = Wish(Kind.CONFIRM, step=play.step, facts=playing.defaults(play))
        move = playing.decide(play, by, wish)
        if move.event is None:
            break
        happen(move.event, move.box)
    return play, events


def played_by_the_host(play: Play, *, until: Task | None = None) -> Play:
    """The host turns every page whose role nobody holds."""
    while play.current is not None and (until is None or play.current.task is not until):
        play = then(play, HOST, Kind.CONFIRM, step=play.step)
    return play


@pytest.mark.parametrize("case", CASES)
def test_the_system_can_play_every_case_to_its_end(case: str) -> None:
    play = played_by_the_host(then(begun(case), HOST, Kind.START))
    assert sorted(play.done) == list(range(1, len(play.case.steps) + 1))
    play = then(play, HOST, Kind.FINISH)
    assert play.stage is Stage.FINISHED
    assert play.complete


def test_a_step_out_of_order_is_refused_and_the_right_one_named() -> None:
    play = then(begun("C2"), HOST, Kind.START)
    with pytest.raises(StepRefused, match="现在是第1步"):
        then(play, HOST, Kind.CONFIRM, step=12)


def test_a_key_step_waits_for_whoever_plays_its_role() -> None:
    play = joined(begun("C2"), "R20")
    play = then(play, HOST, Kind.START)
    assert play.case.steps[0].key
    assert play.case.steps[0].role == "R20"
    with pytest.raises(StepRefused, match="关键步骤"):
        then(play, HOST, Kind.CONFIRM, step=1)
    play = then(play, 2, Kind.CONFIRM, step=1)
    assert play.done[1].seat == 2
    assert then(play, 2, Kind.CONFIRM, step=1) is play, "a double tap"


def test_a_role_that_nobody_holds_is_played_by_the_system() -> None:
    play = then(then(begun("C2"), HOST, Kind.START), HOST, Kind.CONFIRM, step=1)
    assert play.done[1].seat == SYSTEM


def test_too_few_for_an_election_is_refused_with_the_working_until_others_have_come() -> None:
    play = played_by_the_host(then(begun("C2", due=20), HOST, Kind.START), until=Task.QUORUM)
    play = then(play, HOST, Kind.RECOUNT, facts={"present": 15})
    with pytest.raises(StepRefused) as refused:
        then(play, HOST, Kind.CONFIRM, step=play.step)
    assert "20×4÷5，至少16人" in refused.value.sentence
    assert "选举条例" in refused.value.sentence
    play = then(play, HOST, Kind.RECOUNT, facts={"present": 16})
    assert then(play, HOST, Kind.CONFIRM, step=play.step).step == play.step + 1


def test_one_person_votes_once_and_a_probationary_member_not_at_all() -> None:
    play = joined(joined(begun("C7"), "R07"), "R07")
    play = played_by_the_host(then(play, HOST, Kind.START), until=Task.QUORUM)
    play = then(play, HOST, Kind.CONFIRM, step=play.step)
    while play.current and play.current.task is not Task.BALLOT:
        by = next((seat.number for seat in play.holders(play.current.role)), HOST)
        play = then(play, by, Kind.CONFIRM, step=play.step)
    play = then(play, 2, Kind.VOTE, step=play.step, facts={"choice": "against"})
    assert (play.box.ballots, play.box.counts) == (1, (0, 1, 0))
    with pytest.raises(StepRefused, match="一人只投一次"):
        then(play, 2, Kind.VOTE, step=play.step, facts={"choice": "favour"})
    with pytest.raises(StepRefused):
        then(play, HOST, Kind.VOTE, step=play.step, facts={"choice": "favour"})


@pytest.mark.parametrize(("case", "counted"), [("C7", True), ("C1", False), ("C2", False)])
def test_who_announces_a_result_has_been_told_the_counts(case: str, counted: bool) -> None:
    """In C1 and C2 somebody counts in a step of their own; in C7 the closing of the vote tells it."""
    play = played_by_the_host(then(begun(case, due=7), HOST, Kind.START), until=Task.BALLOT)
    play = then(play, HOST, Kind.CONFIRM, step=play.step)
    said = play.done[play.step - 1].facts["said"]
    assert ("清点：赞成5、不赞成1、弃权1" in said) is counted
    assert "通过" not in said


def test_a_candidate_counts_no_ballots() -> None:
    play = joined(begun("C2"), "R17")
    with pytest.raises(StepRefused, match="候选人不能监票"):
        then(play, 2, Kind.TAKE, role="R15")


WISHES = st.tuples(
    st.integers(1, 6),
    st.sampled_from([*Kind, *[Kind.CONFIRM] * 12, *[Kind.VOTE] * 5]).filter(
        lambda kind: kind is not Kind.STOP
    ),
    st.sampled_from(ROLES),
    st.integers(-1, 2),
    st.one_of(
        st.just({}),
        st.fixed_dictionaries({"choice": st.sampled_from(["favour", "against", "abstain", "x"])}),
        st.fixed_dictionaries({"approve": st.lists(st.integers(0, 5), max_size=4)}),
        st.fixed_dictionaries({"present": st.integers(-1, 20), "due": st.integers(-1, 20)}),
    ),
    st.booleans(),
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    case=st.sampled_from([*CASES, "C1", "C2", "C7"]),
    roles=st.lists(st.integers(0, 20), min_size=4, max_size=10),
    steps=st.one_of(st.just(40), st.integers(0, 26)),
    wishes=st.lists(WISHES, max_size=60),
)
def test_whatever_people_wish_steps_keep_their_order_votes_count_once_and_there_is_an_end(
    case: str, roles: list[int], steps: int, wishes: list[tuple[int, Kind, str, int, dict[str, Any], bool]]
) -> None:
    play, events = peopled(case, roles, steps)
    votes = set()
    for seat, kind, role, off, facts, comes in wishes:
        before = play
        if kind is Kind.VOTE and (voters := [one.number for one in play.seats if one.votes]):
            seat = voters[seat % len(voters)]
            facts = {"choice": "favour", "approve": [1]} | facts
        try:
            if comes and seat > len(play.seats):
                event: Event | None = playing.joined(play, f"{len(play.seats) + 1}号")
                box = play.box
            elif comes and not play.seat(seat).here:
                event, box = playing.returned(play, seat), play.box
            else:
                wish = Wish(kind, role=role, seat=seat, step=play.step + off * (off > 0), facts=facts)
                move = playing.decide(play, seat if kind not in playing.HOSTS else HOST, wish)
                event, box = move.event, move.box
        except Refused:
            continue
        if event is None:
            continue
        events.append(event)
        play = playing.replay([event], play=play, box=box)
        if event.kind == "confirmed":
            assert event.data["step"] == before.step
            assert play.step == before.step + 1
            holders = [one.number for one in before.holders(before.case.steps[before.step - 1].role)]
            step = before.case.steps[before.step - 1]
            if step.key and holders and step.task is not Task.BALLOT:
                assert event.seat in holders
        if event.kind == "voted":
            assert (event.data["round"], event.seat) not in votes
            votes.add((event.data["round"], event.seat))
            assert play.box.ballots == before.box.ballots + 1 == len(play.voted)
            with pytest.raises(Refused):  # The same phone once more, before anything else happens.
                playing.decide(play, event.seat, Wish(Kind.VOTE, step=play.step, facts=facts))
        assert sorted(n for n in play.done if n < play.step) == list(range(1, play.step))
        if play.complete:
            assert play.current is None
    again = playing.replay([playing.opened(case, "1号", date(2026, 11, 20)), *events], box=play.box)
    assert again == play, "the state is the fold of its events"
    assert then(replace(play), HOST, Kind.STOP).stage is Stage.FINISHED
