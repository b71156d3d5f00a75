"""Registers as Excel files over HTTP; importing is done on the page or the command line, by trial first."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

from handlers import registers, spreadsheets
from handlers.context import Context
from handlers.errors import NotAllowed, NotBound
from miniprogram_api.table import OFFICERS, File, Route


async def export(ctx: Context, *, register: str) -> File:
    """A register within the caller's reach."""
    content = await registers.export(ctx, name=register)
    return File(f"{registers.register(register).title}.xlsx", content)


ROUTES = (
    Route("GET", "/registers/{register}/sheet", export, OFFICERS, "导出台账：workers、quotas、trainings、trainees、rotations、organizations、sites、duties、showcase、weakbranches、measures、filings、complaints、findings", refuses=(NotBound, NotAllowed), media=spreadsheets.MEDIA),
)  # fmt: skip
