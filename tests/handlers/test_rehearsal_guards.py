"""What keeps a rehearsal honest, taken out one at a time: only then does the wrong thing happen."""

import pytest

from handlers import rehearsal_play as playing
from handlers import rehearsal_reckoning as reckoning
from handlers.case_content import Task
from handlers.errors import StepRefused
from handlers.rehearsal_play import HOST, Kind, Play
from tests.handlers.test_rehearsal_play import begun, joined, played_by_the_host, then


def at_the_ballot() -> Play:
    """An assembly whose one phone with a vote may vote now."""
    play = played_by_the_host(then(joined(begun("C7"), "R07"), HOST, Kind.START), until=Task.QUORUM)
    while play.current is not None and play.current.task is not Task.BALLOT:
        by = next((seat.number for seat in play.holders(play.current.role)), HOST)
        play = then(play, by, Kind.CONFIRM, step=play.step, facts=playing.defaults(play))
    return play


def test_without_its_guard_a_key_step_is_confirmed_by_whoever_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    play = then(joined(begun("C2"), "R20"), HOST, Kind.START)
    with pytest.raises(StepRefused):
        then(play, HOST, Kind.CONFIRM, step=1)
    monkeypatch.setattr(Play, "may_confirm", lambda *_: True)
    assert then(play, HOST, Kind.CONFIRM, step=1).step == 2


def test_without_its_guard_a_step_is_confirmed_out_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    play = then(begun("C2"), HOST, Kind.START)
    with pytest.raises(StepRefused):
        then(play, HOST, Kind.CONFIRM, step=12)
    monkeypatch.setattr(playing, "_refuse_disorder", lambda *_: None)
    assert then(play, HOST, Kind.CONFIRM, step=12).step == 2


def test_without_its_guard_a_phone_votes_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    play = at_the_ballot()
    play = then(play, 2, Kind.VOTE, step=play.step, facts={"choice": "favour"})
    with pytest.raises(StepRefused):
        then(play, 2, Kind.VOTE, step=play.step, facts={"choice": "favour"})
    monkeypatch.setattr(playing, "_refuse_second_vote", lambda *_: None)
    assert then(play, 2, Kind.VOTE, step=play.step, facts={"choice": "favour"}).box.ballots == 2


def test_without_its_guard_a_meeting_of_too_few_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    play = played_by_the_host(then(begun("C2", due=20), HOST, Kind.START), until=Task.QUORUM)
    play = then(play, HOST, Kind.RECOUNT, facts={"present": 15})
    with pytest.raises(StepRefused):
        then(play, HOST, Kind.CONFIRM, step=play.step)
    monkeypatch.setattr(reckoning, "may_meet", lambda *_: True)
    assert then(play, HOST, Kind.CONFIRM, step=play.step).step == play.step + 1


def test_another_branch_sits_down_only_when_the_host_admits_it() -> None:
    play = begun("C2")
    with pytest.raises(StepRefused, match="外支部"):
        playing.joined(play, "2号", is_ours=False)
    assert playing.joined(then(play, HOST, Kind.ADMIT), "2号", is_ours=False).seat == 2
    with pytest.raises(StepRefused, match="外支部"):
        playing.joined(then(then(play, HOST, Kind.ADMIT), HOST, Kind.ADMIT_NONE), "2号", is_ours=False)
    with pytest.raises(StepRefused, match="已经结束"):
        playing.joined(then(play, HOST, Kind.STOP), "2号")
