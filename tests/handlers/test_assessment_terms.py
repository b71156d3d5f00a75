"""How the district counts the terms of an assessment."""

from datetime import datetime

import pytest

from handlers.assessment_content import book
from handlers.assessment_stages import mend_by
from handlers.context import Context
from models import RectificationKind


@pytest.mark.parametrize(
    ("counts", "ends"),
    [
        ("days", "2027-01-05 00:00"),  # The third day is a Saturday: it gives way to Monday.
        ("working_days", "2027-01-06 00:00"),  # The 31st, Monday and Tuesday.
    ],
)
def test_a_finding_is_mended_by_days_or_by_working_days_as_the_district_counts(
    ctx: Context, counts: str, ends: str
) -> None:
    terms = book().terms
    days = terms.rectification_days.model_copy(update={"at_once": 3})
    terms = terms.model_copy(update={"rectification_days": days, "rectification_counts": counts})
    zone = ctx.settings.zone
    since = datetime(2026, 12, 30, 9, tzinfo=zone)
    due = mend_by(ctx, terms, RectificationKind.AT_ONCE, since=since)
    assert due == datetime.fromisoformat(ends).replace(tzinfo=zone)
