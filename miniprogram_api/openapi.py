"""The API's own description, OpenAPI 3.1, made from the table of routes and nothing else."""

import re
from collections.abc import Iterable, Sequence
from typing import Any, get_type_hints

from pydantic import BaseModel, Field
from pydantic.json_schema import models_json_schema

from handlers.errors import BadInput, NotFound, Refused
from miniprogram_api.answers import DOOR, PROBLEM_TYPE, STATUS
from miniprogram_api.requests import FILE_TYPE
from miniprogram_api.table import STRANGER, Route

BASE = "/api/v1"
ABOUT = (
    "时间为带时区的 RFC 3339，金额为整数分，坐标注明基准（gcj02）。"
    "请求中不认识的字段会被忽略。失败时按 RFC 9457 答复，code 不会改变。"
)
REFERENCE = "#/components/schemas/{model}"
PARAMETER = re.compile(r"{(\w+)}")


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="哪一项")
    message: str = Field(description="哪里不对")


class Problem(BaseModel):
    """A failure after RFC 9457. Programs may rely on `code`; `detail` is for people."""

    type: str = Field(description="说明地址")
    title: str = Field(description="简称")
    status: int = Field(description="HTTP 状态码")
    code: str = Field(description="稳定的原因代码")
    detail: str = Field(description="可以照着做的一句话")
    instance: str | None = Field(None, description="请求编号")
    errors: list[FieldError] | None = Field(None, description="逐项说明，仅在填写有误时")


def describe(routes: Sequence[Route]) -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for route in routes:
        paths.setdefault(BASE + route.path, {})[route.method.lower()] = operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "支部通",
            "version": "1",
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas(routes),
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
        },
    }


def operation(route: Route) -> dict[str, Any]:
    """One endpoint."""
    described: dict[str, Any] = {
        "operationId": f"{route.handler.__module__.rpartition('.')[2]}.{route.handler.__name__}",
        "summary": route.summary,
        "tags": [route.path.split("/")[1]],
        "x-may": sorted(route.may),
        "parameters": [*path_parameters(route), *query_parameters(route), *header_parameters(route)],
        "responses": responses(route),
    }
    if route.is_public:
        described["security"] = [{}, {"bearer": []}]
    if route.has_body and route.form is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": ref(route.form)}},
        }
    if route.takes_file:
        described["requestBody"] = {
            "required": True,
            "content": {FILE_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    return described


def path_parameters(route: Route) -> list[dict[str, Any]]:
    """The ids in the path; a whole number where the handler takes one."""
    hints = get_type_hints(route.handler)
    return [
        {"name": name, "in": "path", "required": True, "schema": id_schema(hints[name])}
        for name in PARAMETER.findall(route.path)
    ]


def id_schema(kind: type) -> dict[str, Any]:
    """What an id looks like."""
    return {"type": "integer", "minimum": 1} if kind is int else {"type": "string", "minLength": 1}


def query_parameters(route: Route) -> list[dict[str, Any]]:
    """What may stand behind the question mark."""
    if route.form is None or route.has_body:
        return []
    schema = route.form.model_json_schema(ref_template=REFERENCE)
    return [
        {"name": name, "in": "query", "required": False, "schema": plain(field)}
        for name, field in schema["properties"].items()
    ]


def plain(field: dict[str, Any]) -> dict[str, Any]:
    """A query field's schema: one that is not given is left out, so null is no value of it."""
    if "anyOf" not in field:
        return field
    (kind,) = (choice for choice in field["anyOf"] if choice != {"type": "null"})
    return {**kind, "description": field["description"]}


def header_parameters(route: Route) -> list[dict[str, Any]]:
    """The key under which a creating request is carried out once."""
    if not route.creates:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 128, "pattern": r"^[\x21-\x7e]+$"}
    text = "同一 key 和同一内容只办理一次，重发得到同一结果；可不带"
    return [
        {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema, "description": text}
    ]


def responses(route: Route) -> dict[str, Any]:
    """Every answer this endpoint can give."""
    good = {str(status): success(route, status) for status in route.status}
    return good | {str(status): failures(codes) for status, codes in sorted(codes_by_status(route).items())}


def success(route: Route, status: int) -> dict[str, Any]:
    """What comes when all goes well."""
    if status == 204:
        return {"description": "已办理"}
    if route.answer is not None:
        schema: dict[str, Any] = ref(route.answer)
    else:
        schema = {"type": "string"} if route.media.startswith("text/") else {"contentMediaType": route.media}
    return {"description": "成功", "content": {route.media: {"schema": schema}}}


def failures(codes: Iterable[str]) -> dict[str, Any]:
    """The refusals that share a status."""
    schema = {"allOf": [ref(Problem), {"properties": {"code": {"enum": sorted(codes)}}}]}
    return {"description": "、".join(sorted(codes)), "content": {PROBLEM_TYPE: {"schema": schema}}}


def codes_by_status(route: Route) -> dict[int, set[str]]:
    """The codes this endpoint may refuse with, by HTTP status."""
    found: dict[int, set[str]] = {}
    for refusal in refusals(route):
        found.setdefault(STATUS[refusal].status, set()).add(refusal.code)
    for code in door_codes(route):
        found.setdefault(DOOR[code].status, set()).add(code)
    return found


def refusals(route: Route) -> set[type[Refused]]:
    """The use-case's refusals, and those that the form and the path bring along."""
    found = set(route.refuses)
    if route.form is not None:
        found.add(BadInput)
    if PARAMETER.search(route.path):
        found.add(NotFound)
    return found


def door_codes(route: Route) -> set[str]:
    """What this door itself may refuse on this endpoint."""
    codes = {"too_many_requests", "internal_error", "bad_request"}
    if STRANGER not in route.may:
        codes.add("unauthenticated")
    if route.has_body:
        codes |= {"bad_json", "wrong_content_type", "too_large", "slow_body"}
    if route.takes_file:
        codes |= {"wrong_file_type", "file_too_large", "slow_body"}
    if route.creates:
        codes |= {"bad_idempotency_key", "idempotency_key_reused", "still_running"}
    return codes | set(route.door)


def schemas(routes: Sequence[Route]) -> dict[str, Any]:
    """All forms and answers, each under its name."""
    bodies = {route.form for route in routes if route.has_body and route.form is not None}
    queries = {route.form for route in routes if not route.has_body and route.form is not None}
    answers = {route.answer for route in routes if route.answer is not None} | {Problem}
    by_name = sorted(bodies | answers | queries, key=lambda model: model.__name__)
    wanted = [(model, "serialization" if model in answers else "validation") for model in by_name]
    _, document = models_json_schema(wanted, ref_template=REFERENCE)  # type: ignore[arg-type]
    found: dict[str, Any] = document["$defs"]
    return {
        name: schema for name, schema in found.items() if name not in {query.__name__ for query in queries}
    }


def ref(model: type[BaseModel]) -> dict[str, str]:
    """A pointer to a schema."""
    return {"$ref": REFERENCE.format(model=model.__name__)}
