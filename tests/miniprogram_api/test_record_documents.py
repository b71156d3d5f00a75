"""Documents over HTTP: their media type and name, and whose they are."""

import pytest

from miniprogram_api.record_documents import MEDIA, Paper
from models import Organization
from tests.fonts import needs_font
from tests.miniprogram_api.conftest import World

WORD, PDF = MEDIA[Paper.WORD], MEDIA[Paper.PDF]
CALLERS = ("stranger", "unbound", "member", "worker", "keeper", "town", "district")


async def record_of(world: World) -> int:
    made = await world["worker"]("POST", "/records", {"template": "T09", "values": {"place": "党群服务中心"}})
    assert made.status == 201
    return int(made.body["id"])


async def test_a_record_comes_as_a_word_file(world: World) -> None:
    number = await record_of(world)
    answer = await world["worker"]("GET", f"/records/{number}.docx")
    assert answer.status == 200
    assert answer.body.startswith(b"PK")
    assert answer.headers["Content-Type"] == WORD
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    gone = await world["worker"]("GET", "/records/999999.docx")
    assert (gone.status, gone.body["code"]) == (404, "not_found")


@needs_font
async def test_a_record_and_a_year_come_as_pdf(world: World) -> None:
    number = await record_of(world)
    for path in (f"/records/{number}.pdf", "/handbooks/2026.pdf"):
        answer = await world["worker"]("GET", path)
        assert answer.status == 200
        assert answer.body.startswith(b"%PDF")
        assert answer.headers["Content-Type"] == PDF


@pytest.mark.parametrize("who", CALLERS)
async def test_a_years_book_is_for_whoever_may_read_the_branch(world: World, who: str) -> None:
    reads: dict[str, set[str]] = {
        "near": {"member", "worker", "keeper", "town", "district"},
        "far": {"district"},
    }
    for side, may in reads.items():
        branch: Organization = getattr(world, side)
        answer = await world[who]("GET", f"/handbooks/2026.docx?branch_id={branch.id}")
        assert (answer.status == 200) is (who in may), (side, answer.body)
        if answer.status != 200:
            assert answer.body["code"] in ("unauthenticated", "not_bound", "not_found")


async def test_a_year_that_is_none_is_told(world: World) -> None:
    answer = await world["worker"]("GET", "/handbooks/1899.docx")
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "year"
