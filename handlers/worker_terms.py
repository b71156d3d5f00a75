"""The words of the workers' registry: posts, kinds of staffing, names of measures; kept as content."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from handlers.errors import BadInput

FILE = Path(__file__).parent.parent / "content" / "workers" / "terms.yaml"
BY_RULES = "以办法为准"
"""Said wherever something follows from the district's rules, whose text isn't at hand."""


@lru_cache(maxsize=1)
def terms() -> dict[str, Any]:
    """Everything in the file."""
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def name(group: str, key: str) -> str:
    """The Chinese name of a key of a group; the key itself where there is none."""
    return str(terms()[group].get(key, key))


def one_of(group: str, word: str, *, field: str) -> str:
    """The word, if the group has it.

    Raises:
        BadInput: it hasn't; the sentence names those it has.
    """
    if word not in terms()[group]:
        raise BadInput(**{field: f"请从这些里选：{'、'.join(terms()[group])}"})
    return word


def key_of(group: str, word: str) -> str | None:
    """The key behind a Chinese name; None where no key has it."""
    return next((str(key) for key, said in terms()[group].items() if said == word), None)
