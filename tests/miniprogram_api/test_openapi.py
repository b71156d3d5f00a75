"""The description is valid, complete, and holds nothing of formalism."""

import ast
import re
from collections import Counter
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from handlers.errors import Refused
from miniprogram_api import openapi
from miniprogram_api.answers import DOOR, STATUS
from miniprogram_api.docs import DUTIES, page
from miniprogram_api.openapi import PARAMETER
from miniprogram_api.routes import ROUTES
from miniprogram_api.table import ANYONE, BOUND, File, Reply, Route, Stream, Text
from tests.miniprogram_api.conftest import Client
from tests.miniprogram_api.description import DOCUMENT, validator

FORMALISM = re.compile(
    r"point|score|rank|streak|duration|online|minutes|seconds|photo|picture|track|trace|"
    r"积分|排名|连续|打卡|在线|时长|分钟|拍照|照片|轨迹",
    re.IGNORECASE,
)
"""Promise 11. Words of what nobody here may ask for or count."""


def every_refusal() -> set[type[Refused]]:
    def below(kind: type[Refused]) -> set[type[Refused]]:
        return {kind}.union(*(below(one) for one in kind.__subclasses__()))

    return below(Refused)


def test_every_refusal_has_a_status_and_a_sentence() -> None:
    assert every_refusal() == set(STATUS)


def test_no_code_means_two_things() -> None:
    codes = [kind.code for kind in STATUS] + list(DOOR)
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("no", [*STATUS.values(), *DOOR.values()], ids=lambda no: no.title)
def test_a_refusal_is_a_chinese_sentence(no: Any) -> None:
    assert 400 <= no.status < 600
    assert re.search("[\u4e00-\u9fff]", no.detail)
    assert no.detail.endswith("。")


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert {"title", "version"} <= set(DOCUMENT["info"])
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names))
    for path, _, operation in operations():
        declared = {one["name"] for one in operation["parameters"] if one["in"] == "path"}
        assert declared == set(PARAMETER.findall(path))
        assert all(one["required"] for one in operation["parameters"] if one["in"] == "path")
        for answer in operation["responses"].values():
            assert answer["description"]


def test_every_schema_is_a_schema_and_every_pointer_leads_somewhere() -> None:
    for schema in schemas():
        Draft202012Validator.check_schema(schema)
    names = set(DOCUMENT["components"]["schemas"])
    assert {pointer.rpartition("/")[2] for pointer in pointers(DOCUMENT)} <= names


def test_an_answer_outside_the_description_is_found_out() -> None:
    problem = {"allOf": [{"$ref": "#/components/schemas/Problem"}]}
    assert list(validator(problem).iter_errors({"code": "slot_full"}))


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_row_says_what_its_handler_takes_and_gives(route: Route) -> None:
    hints = get_type_hints(route.handler)
    given = hints.pop("return")
    hints.pop("ctx")
    assert hints.pop("form", None) is route.form
    assert (hints.pop("content", None) is bytes) is route.takes_file
    assert set(hints) == set(PARAMETER.findall(route.path))
    if given in (Text, File, Stream):
        assert route.answer is None
    elif given is type(None):
        assert route.status == (204,)
    elif given is Reply:
        assert len(route.status) > 1
    else:
        assert issubclass(given, BaseModel)
        assert given is route.answer


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_row_says_who_may(route: Route) -> None:
    assert route.may
    assert route.may <= ANYONE
    assert route.may >= BOUND or not route.may - BOUND, "who is on the roster may what a newcomer may"


def test_every_duty_has_a_name_in_the_docs() -> None:
    assert set(DUTIES) == ANYONE


def test_nothing_in_the_api_smells_of_formalism() -> None:
    words = list(DOCUMENT["paths"]) + list(names_of_fields(DOCUMENT))
    assert [word for word in words if FORMALISM.search(word)] == []


def test_a_complaint_is_open_to_everybody() -> None:
    route = next(route for route in ROUTES if (route.method, route.path) == ("POST", "/complaints"))
    assert route.may == ANYONE


@pytest.mark.parametrize("word", ["points", "ranking", "online_minutes", "photos", "streak", "积分"])
def test_a_field_of_formalism_would_be_found(word: str) -> None:
    assert [name for name in names_of_fields({"properties": {word: {}}}) if FORMALISM.search(name)]


async def test_the_description_and_its_page_are_served(client: Client) -> None:
    response = await client.get("/api/openapi.json")
    assert await response.json() == DOCUMENT
    response = await client.get("/api/docs")
    assert response.content_type == "text/html"
    text = await response.text()
    assert text == page(DOCUMENT)
    assert "点单" in text
    assert not re.search(r'(src|href)="(?:https?:)?//', text)


def operations() -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in DOCUMENT["paths"].items()
        for method, operation in item.items()
    ]


def schemas() -> list[dict[str, Any]]:
    found = list(DOCUMENT["components"]["schemas"].values())
    for _, _, operation in operations():
        found += [one["schema"] for one in operation["parameters"]]
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        found += [media["schema"] for one in contents for media in one.get("content", {}).values()]
    return found


def pointers(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {node["$ref"]} if "$ref" in node else set()
        return own.union(*(pointers(one) for one in node.values()))
    return set().union(*map(pointers, node)) if isinstance(node, list) else set()


def names_of_fields(node: Any) -> set[str]:
    """Every property and parameter, wherever it stands, with its description."""
    if isinstance(node, list):
        return set().union(*map(names_of_fields, node))
    if not isinstance(node, dict):
        return set()
    own = set(node.get("properties", {}))
    own |= {node[key] for key in ("name", "summary") if isinstance(node.get(key), str)}
    return own.union(*(names_of_fields(one) for one in node.values()))


def test_no_two_models_share_a_name() -> None:
    """The description refers to models by their names: a second one of a name would stand for the first."""
    rooms = Path(openapi.__file__).parent
    names = [
        node.name
        for file in rooms.glob("*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and node.name.endswith(("View", "Form", "Query"))
    ]
    assert [name for name, times in Counter(names).items() if times > 1] == []
