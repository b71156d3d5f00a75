"""Selecting whole models by a statement written out: what a query set yields, without building it anew."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.models import Model

Models = tuple[type[Model], ...]


class Reading:
    """What stands behind SELECT and the columns; `models` are those of each row, by their aliases."""

    def __init__(self, statement: str, **models: type[Model]) -> None:
        self._statement = statement
        self._models = models

    async def rows(self, *values: Any) -> list[tuple[Any, ...]]:
        """Each row as its models, in their order; null where an outer join found none."""
        models = tuple(self._models.values())
        connection = models[0]._meta.db
        _, rows = await connection.execute_query(self.statement(dialect(connection)), list(values))
        return [_revived(models, tuple(row)) for row in rows]

    def statement(self, dialect: str) -> str:
        """The whole of it, as the database reads it. Known once Tortoise has read the models."""
        return _select(self._statement, tuple(self._models), tuple(self._models.values()), dialect)


def dialect(connection: BaseDBAsyncClient) -> str:
    """`sqlite` or `postgres`."""
    return str(connection.capabilities.dialect)


def tie(row: Model, name: str, related: Model | None) -> None:
    """Put a fetched relation where it belongs, as a query set does; the row knows its key already."""
    object.__setattr__(row, f"_{name}", related)


@lru_cache
def in_dialect(statement: str, dialect: str) -> str:
    """A statement with its parameters marked as the database wants them: `$1`, `?1`."""
    return re.sub(r"\$(\d+)(::\w+)?", r"?\1", statement) if dialect == "sqlite" else statement


@lru_cache
def _select(statement: str, aliases: tuple[str, ...], models: Models, dialect: str) -> str:
    named = zip(aliases, models, strict=True)
    columns = (f'{alias}."{column}"' for alias, model in named for column in _columns(model))
    return in_dialect(f"SELECT {', '.join(columns)} {statement}", dialect)


@lru_cache
def _columns(model: type[Model]) -> tuple[str, ...]:
    return tuple(model._meta.fields_db_projection.values())


def _revived(models: Models, values: Sequence[Any]) -> tuple[Model | None, ...]:
    revived: list[Model | None] = []
    at = 0
    for model in models:
        columns = _columns(model)
        row = dict(zip(columns, values[at : at + len(columns)], strict=True))
        at += len(columns)
        # A relation that an outer join didn't find has no key either.
        revived.append(None if row[model._meta.db_pk_column] is None else model._init_from_db(**row))
    return tuple(revived)
