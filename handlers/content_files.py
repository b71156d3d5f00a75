"""Reading curated data: a file as the shape it should have, or where it is wrong and why, in Chinese."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

ThingT = TypeVar("ThingT")


def load(path: Path, *, bad: type[Exception]) -> Any:
    """The data in one YAML file.

    Raises:
        bad: it isn't there, or no YAML.
    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except OSError as error:
        raise bad(f"{path.name}：没有这个文件") from error
    except yaml.YAMLError as error:
        raise bad(f"{path.name}：不是有效的 YAML") from error


def checked(
    kind: type[ThingT], data: Any, *, where: str, bad: type[Exception], reasons: Mapping[str, str]
) -> ThingT:
    """Data as a thing of that kind; `reasons` are pydantic's error types in words.

    Raises:
        bad: with every place that is wrong, and why.
    """
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        places = "；".join(_place(dict(one), reasons) for one in error.errors())
        raise bad(f"{where}：{places}") from error


def _place(detail: dict[str, Any], reasons: Mapping[str, str]) -> str:
    path = ".".join(str(step + 1) if isinstance(step, int) else str(step) for step in detail["loc"])
    is_ours = detail["type"] == "value_error"
    reason = str(detail["ctx"]["error"]) if is_ours else reasons.get(detail["type"], "内容不对")
    return f"{path}：{reason}" if path else reason
