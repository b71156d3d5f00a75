"""The practice cases and the training bases, over HTTP."""

from models import Site, SiteCategory
from tests.miniprogram_api.conftest import World


async def test_the_cases_and_one_of_them(world: World) -> None:
    listed = await world["unbound"]("GET", "/cases")
    assert [case["code"] for case in listed.body["items"]] == [f"C{n}" for n in range(1, 10)]
    assert sum(case["steps"] for case in listed.body["items"]) == 126
    case = (await world["member"]("GET", "/cases/c2")).body
    assert (case["title"], len(case["items"]), len(case["cast"])) == ("党支部换届选举", 26, 14)
    step = case["items"][11]
    assert (step["code"], step["key"], step["role"]["label"]) == ("C2-12", True, "书记")
    assert step["record"] == {"code": "T24", "name": "换届选举纪实表"}
    assert step["citations"] == ["《选举条例》"]


async def test_the_key_steps_come_first_when_asked_for(world: World) -> None:
    case = (await world["member"]("GET", "/cases/C2?key_first=true")).body
    assert [step["key"] for step in case["items"]] == [True] * 13 + [False] * 13


async def test_everything_one_role_does_across_cases(world: World) -> None:
    assert len((await world["member"]("GET", "/cases/roles")).body["items"]) == 24
    role = (await world["member"]("GET", "/cases/roles/R07")).body
    assert {step["case"] for step in role["items"]} == {"C1", "C2", "C4", "C5", "C6", "C7", "C9"}
    assert all(step["role"]["code"] == "R07" for step in role["items"])
    assert "C2-05" in {step["code"] for step in role["beside"]}


async def test_what_is_not_there_is_not_found(world: World) -> None:
    for path in ("/cases/C0", "/cases/x", "/cases/roles/R99", "/cases/roles/7"):
        assert (await world["member"]("GET", path)).status == 404


async def test_training_bases_are_sites_that_can_be_asked_for(world: World) -> None:
    await Site.create(
        id="S11", name="实训基地", category=SiteCategory.MIX, town="般阳路街道", longitude=117.9,
        latitude=36.6, capacity=30, opening={}, is_training_base=True,
    )  # fmt: skip
    for given, expected in (("true", ["S11"]), ("false", ["S10"]), (None, ["S10", "S11"])):
        path = "/sites" if given is None else f"/sites?training_base={given}"
        assert [site["id"] for site in (await world["worker"]("GET", path)).body["items"]] == expected
