"""The table's word on who may, held against what the doors and use-cases do: every endpoint, every duty."""

from typing import Any

import pytest

from handlers import codes
from handlers.context import Context
from miniprogram_api.routes import ROUTES
from tests.miniprogram_api.conftest import World

FORMS: dict[str, dict[str, Any]] = {
    "BookingForm": {"slot_id": 1, "headcount": 1, "theme": "x"},
    "ReasonForm": {"reason": "x"},
    "ScanForm": {"code": "x"},
    "UploadForm": {"scans": [{}]},
    "AnswersForm": {"answers": ["A"]},
    "SubscriptionForm": {"template_id": "x", "result": "reject"},
    "QuestionForm": {"text": "x"},
    "FeedbackForm": {"useful": True},
    "ReplyForm": {"text": "x"},
    "ComplaintForm": {"text": "x"},
}
"""A valid form of each kind; a new kind without one fails."""

IDS = {"site_id": "S10", "booking_id": "1", "lesson_id": "1", "question_id": "1", "lookup": "NONE"}
REFUSED = {"not_allowed", "not_your_branch", "not_bound", "unauthenticated"}
WHO = {
    "stranger": "stranger",
    "unbound": "unbound",
    "member": "member",
    "worker": "branch_worker",
    "keeper": "site_keeper",
    "town": "town_officer",
    "district": "district_officer",
}


@pytest.mark.parametrize("name", WHO)
async def test_whoever_may_not_is_refused_and_whoever_may_is_not(
    world: World, ctx: Context, name: str
) -> None:
    wish = {"slot_id": world.slots[0].id, "headcount": 1, "theme": "x"}
    made = await world["worker"]("POST", "/bookings", wish)
    code = codes.poster(ctx.settings.secret_key.get_secret_value(), site_id="S10")
    disagree = []
    for route in sorted(ROUTES, key=lambda route: (route.method, route.path) == ("DELETE", "/me")):
        if route.path.startswith("/session"):  # These speak to WeChat first: see test_sessions.py.
            continue
        path = route.path.format(**IDS | {"booking_id": made.body["id"]})
        form = FORMS[route.form.__name__] if route.has_body and route.form else None
        answer = await world[name](
            route.method, path, form and form | ({"code": code} if "code" in form else {})
        )
        said = answer.body.get("code") if isinstance(answer.body, dict) else None
        if (said in REFUSED) is not (WHO[name] not in route.may):
            disagree.append((route.method, route.path, answer.status, said))
    assert disagree == []
