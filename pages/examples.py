"""样板 on other pages: beside the lesson that teaches them, and at the site where they are to be seen."""

from collections.abc import Iterable, Sequence
from html import escape

from models import Showcase

HOME = "/showcase"


def of_lesson(rows: Sequence[Showcase]) -> str:
    """The examples that show what a lesson teaches, for its reading page; nothing where there are none."""
    if not rows:
        return ""
    items = "".join(
        f'<li><a class="tap" href="{HOME}/{row.id}">{escape(row.name)}</a>'
        f'<span class="soft">{escape(row.organization.name)}</span></li>'
        for row in rows
    )
    return f'<h2>去看一看</h2><p>这一课讲的做法，这些地方看得到：</p><ul class="plain">{items}</ul>'


def at_site(rows: Iterable[Showcase]) -> str:
    """The examples at a site, for the map; nothing where there are none."""
    links = "、".join(link(row) for row in rows)
    return f"<p>这里可以看的样板：{links}</p>" if links else ""


def link(row: Showcase) -> str:
    """An example by name."""
    return f'<a href="{HOME}/{row.id}">{escape(row.name)}</a>'
