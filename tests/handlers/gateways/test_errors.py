"""The table of error codes is complete, and each code means one thing."""

import pytest

from handlers.gateways import errors
from handlers.gateways.errors import (
    UNKNOWN,
    VERDICTS,
    Ambiguous,
    BadCall,
    Busy,
    ConsentSpent,
    NotDone,
    QuotaSpent,
    RecipientGone,
    Stopped,
    TokenRejected,
    UserMustRedo,
    WeChatError,
    WindowClosed,
)

# Written down from the platform's own list, not from the product's table.
NAMED: dict[type[WeChatError] | None, tuple[int, ...]] = {
    None: (0, 45065, 45080, 45081, 46003),
    Busy: (-1, 40059, 43108, 43117, 44990, 44991, 45011, 87020),
    Ambiguous: (45066,),
    QuotaSpent: (44993, 45009, 45028, 45029),
    TokenRejected: (40001, 40014, 42001),
    RecipientGone: (40003, 43004, 43019, 46004, 48002, 49003, 50002, 50005, 70000),
    WindowClosed: (45015, 45047),
    ConsentSpent: (43101,),
    UserMustRedo: (40029, 40030, 40163, 40226, 42002, 42003, 42007, 61010, 87009, 87014),
    Stopped: (
        40013, 40036, 40037, 40125, 40164, 40243, 41030, 43107, 43116, 45026, 45056, 45064,
        48001, 48003, 48004, 48005, 48006, 48008, 50001, 53503, 53504, 53505,
        61003, 61004, 61007, 61024, 89501, 89502, 89503, 89504, 89505, 89506, 89507,
    ),
    BadCall: (
        40002, 40004, 40005, 40006, 40007, 40008, 40009, 40010, 40011, 40012,
        40015, 40016, 40017, 40018, 40019, 40020, 40021, 40022, 40023, 40024, 40025, 40026, 40027,
        40032, 40033, 40035, 40050, 40066, 40097, 40129, 40130, 40132, 40152, 40169,
        41001, 41002, 41003, 41004, 41005, 41006, 41007, 41008, 41009, 43002, 43104, 44002,
        45002, 45003, 45008, 45021, 45057, 45058, 45059, 45067, 45072, 45083, 45084,
        45157, 45158, 45159, 45168, 47001, 47003, *range(65303, 65321), 76021, 76022,
    ),
}  # fmt: skip


@pytest.mark.parametrize("meaning", NAMED, ids=lambda meaning: meaning.__name__ if meaning else "success")
def test_every_named_code_has_its_meaning(meaning: type[WeChatError] | None) -> None:
    assert {code: VERDICTS[code].error for code in NAMED[meaning]} == dict.fromkeys(NAMED[meaning], meaning)


def test_no_code_is_named_twice() -> None:
    codes = [code for named in NAMED.values() for code in named]
    assert len(codes) == len(set(codes))


def test_an_unknown_code_stops_and_alerts() -> None:
    assert 12345 not in VERDICTS
    assert UNKNOWN.error is not None
    assert issubclass(UNKNOWN.error, Stopped)


def test_every_failure_is_either_ambiguous_or_surely_not_done() -> None:
    assert set(WeChatError.__subclasses__()) == {Ambiguous, NotDone}
    assert all(
        verdict.error is None or issubclass(verdict.error, WeChatError) for verdict in VERDICTS.values()
    )


def test_the_tree_in_the_docstring_names_every_failure() -> None:
    family = [WeChatError]
    for member in family:
        family.extend(member.__subclasses__())
    assert [one.__name__ for one in family if f"{one.__name__} " not in f"{errors.__doc__} "
            and f"{one.__name__}\n" not in str(errors.__doc__)] == []  # fmt: skip


@pytest.mark.parametrize(("code", "least"), [(45011, 60), (44991, 60), (45066, 60), (-1, 1), (40059, 120)])
def test_the_pause_before_a_repetition_is_long_enough(code: int, least: int) -> None:
    assert VERDICTS[code].wait >= least


@pytest.mark.parametrize(("code", "hours"), [(89506, 24), (89507, 1)])
def test_a_refusal_by_the_administrator_is_respected(code: int, hours: int) -> None:
    assert VERDICTS[code].closes == hours * 3600
