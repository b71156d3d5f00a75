"""Holding every response against the API's own description."""

from typing import Any

from aiohttp import ClientResponse
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from miniprogram_api import openapi
from miniprogram_api.routes import ROUTES

DOCUMENT = openapi.describe(ROUTES)
ROOT = "urn:description"
FILE_ENDINGS = (".ics", ".pdf", ".docx")
REGISTRY: Registry[Any] = Registry().with_resource(
    ROOT, Resource.from_contents(DOCUMENT, default_specification=DRAFT202012)
)


class Undescribed(AssertionError):
    """A response that the description does not foresee."""


def operation(method: str, path: str) -> dict[str, Any]:
    """The endpoint that a path belongs to; fixed paths go before those with ids."""
    parts = path.partition("?")[0].split("/")
    for template, item in sorted(
        DOCUMENT["paths"].items(), key=lambda entry: "{" in entry[0].rpartition("/")[2]
    ):
        if method.lower() in item and _matches(template.split("/"), parts):
            found: dict[str, Any] = item[method.lower()]
            return found
    raise Undescribed(f"{method} {path}")


def _matches(template: list[str], parts: list[str]) -> bool:
    def same(wanted: str, given: str) -> bool:
        if not wanted.startswith("{"):
            return wanted == given
        ending = wanted.partition("}")[2]
        return given.endswith(ending) if ending else not given.endswith(FILE_ENDINGS)

    return len(template) == len(parts) and all(map(same, template, parts))


async def check(method: str, path: str, response: ClientResponse) -> None:
    """Fail unless status, media type and body are what the description promises."""
    responses = operation(method, path)["responses"]
    described = responses.get(str(response.status))
    if described is None:
        raise Undescribed(f"{method} {path}: {response.status} {await response.text()}")
    if "content" not in described:
        assert await response.read() == b""
        return
    ((media, content),) = described["content"].items()
    assert response.content_type == media, (method, path, response.content_type)
    if "contentMediaType" in content["schema"]:
        assert await response.read()
        return
    body = await (response.json(content_type=None) if "json" in media else response.text())
    validator(content["schema"]).validate(body)


def validator(schema: dict[str, Any]) -> Draft202012Validator:
    """A validator whose pointers lead into the document."""
    rooted = _rooted(schema)
    return Draft202012Validator(rooted, registry=REGISTRY, format_checker=FormatChecker())


def _rooted(schema: Any) -> Any:
    if isinstance(schema, dict):
        return {key: ROOT + value if key == "$ref" else _rooted(value) for key, value in schema.items()}
    return [_rooted(one) for one in schema] if isinstance(schema, list) else schema
