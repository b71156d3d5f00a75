"""A few random requests to every endpoint, the same ones each time; many more by `make fuzz`."""

from collections.abc import Iterator

import pytest

from miniprogram_api import openapi
from miniprogram_api.routes import ROUTES
from tests.fuzz import api
from tests.fuzz.api import Served

EXAMPLES = 12


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with api.serve(tmp_path_factory.mktemp("fuzz")) as running:
        yield running


def test_an_answer_outside_the_description_is_found_out(served: Served) -> None:
    document = openapi.describe(ROUTES[:])
    path = "/api/v1/lessons"
    document["paths"] = {path: {"get": document["paths"][path]["get"]}}
    assert api.examine(served, examples=20, document=document) == []
    del document["paths"][path]["get"]["responses"]["401"]
    (complaint,) = api.examine(served, examples=20, document=document)
    assert "401" in complaint


def test_no_request_upsets_the_service_or_is_answered_otherwise_than_described(served: Served) -> None:
    assert api.examine(served, examples=EXAMPLES) == []
    asked = {" ".join(name.split(" ")[:2]) for name in served.answered}
    assert len(asked) == len(ROUTES)
    statuses = {name.rpartition(" ")[2] for name in served.answered}
    assert {"200", "201", "401", "403", "404", "422"} <= statuses
