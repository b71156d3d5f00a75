"""The table's word on who may, held against what the doors and use-cases do: every endpoint, every duty."""

from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

import bot.app
import miniprogram_api.app
import pages.app
from handlers import codes
from handlers.context import Context
from miniprogram_api.routes import ROUTES
from tests.fakes import Clock
from tests.miniprogram_api.conftest import World

FORMS: dict[str, dict[str, Any]] = {
    "BookingForm": {"slot_id": 1, "headcount": 1, "theme": "x"},
    "ReasonForm": {"reason": "x"},
    "HandbookTermsForm": {"number": 0, "reason": "x", "followup_days": 20},
    "HeadcountForm": {"headcount": 2},
    "CloseSlotForm": {"reason": "x"},
    "CloseSiteForm": {"reason": "x", "from": "2026-12-01", "to": "2026-12-01"},
    "CloseDaysForm": {"reason": "x", "from": "2026-12-01", "to": "2026-12-01"},
    "RatingForm": {"stars": 5},
    "ScanForm": {"code": "x"},
    "UploadForm": {"scans": [{}]},
    "PaperForm": {"names": ["x"]},
    "AnswersForm": {"answers": ["A"]},
    "LessonChoiceForm": {"wants": False},
    "SubscriptionForm": {"template_id": "x", "result": "reject"},
    "QuestionForm": {"text": "x"},
    "SuggestionForm": {"text": "党费"},
    "FeedbackForm": {"useful": True},
    "ReplyForm": {"text": "x"},
    "ClusterReplyForm": {"text": "x"},
    "EntryForm": {"topic": "x", "question": "x"},
    "DraftForm": {"topic": "x", "question": "x", "version": 0},
    "VersionForm": {"version": 1},
    "SendBackForm": {"version": 1, "reason": "x"},
    "LessonForm": {"lesson": {}},
    "WeekForm": {"lesson_id": 1},
    "PracticeForm": {"answer": "A"},
    "ComplaintForm": {"text": "x"},
    "ReopenForm": {"text": "x"},
    "ForwardForm": {"office_id": 1, "note": "x"},
    "CloseForm": {"reason": "x"},
    "ClaimForm": {"booking_id": 1},
    "AttachedForm": {"content": "eA=="},
    "BatchForm": {"fund_id": 1},
    "CorrectionForm": {"note": "x"},
    "BackForm": {"reason": "x"},
    "RehearsalForm": {"case": "C2"},
    "JoinForm": {"code": "x"},
    "ActForm": {"kind": "leave"},
    "SiteForm": {
        "id": "S99",
        "name": "阵地",
        "category": "URBAN",
        "town": "x",
        "owner": "ZC01",
        "capacity": 1,
        "position": {"lng": 117.9, "lat": 36.5},
        "opening": {"hours": []},
    },
    "SiteEditForm": {"notes": "x"},
    "FactsForm": {"education": "本科"},
    "QualificationsForm": {"rules": []},
    "WorkerCorrectionForm": {"text": "x"},
    "AnswerForm": {"answer": "x"},
    "FilingForm": {"kind": "appoint", "person_id": 1, "unit_id": 1, "effective_on": "2026-12-01"},
    "FilingCorrectionForm": {"effective_on": "2026-12-01"},
    "AdvanceForm": {"note": "x"},
    "WhyForm": {"reason": "x"},
    "MaybeWhyForm": {"reason": "x"},
    "QuotaForm": {"required": 2},
    "LeadForm": {"unit_id": 2, "issue": "poor_work", "facts": "x"},
    "VerifyForm": {"holds": True, "note": "x"},
    "SayingForm": {"text": "x"},
    "ProposalForm": {"kinds": ["talk"], "reason": "x"},
    "DecisionForm": {"agrees": True},
    "NoteForm": {"note": "x"},
    "TrainingForm": {
        "code": "T1",
        "kind": "town",
        "topic": "x",
        "place": "x",
        "capacity": 5,
        "sessions": [
            {
                "title": "x",
                "starts_at": "2026-12-01T09:00:00+08:00",
                "ends_at": "2026-12-01T11:00:00+08:00",
                "hours": 2,
            }
        ],
    },
    "TrainingEditForm": {"capacity": 5},
    "EnrolmentForm": {"unit_id": 2, "person_ids": [1]},
    "LeavingForm": {"person_ids": []},
    "CallOffForm": {"reason": "x"},
    "SessionCodeForm": {"code": "x"},
    "SessionNamesForm": {"names": ["x"]},
    "ResultsForm": {"results": [{"trainee_id": 1, "quiz": True}]},
    "RoundForm": {"first_month": "2026-12-01"},
    "NomineeForm": {"person_id": 1},
    "ReplacementForm": {"person_id": 1, "reason": "x"},
    "MentorForm": {"mentor_id": 1},
    "OnDayForm": {"on": "2026-12-01"},
    "MetForm": {"met": ["quiz"]},
    "LogForm": {"text": "x"},
    "SwapForm": {"with_id": 2},
    "RecordForm": {"template": "T11"},
    "SaveForm": {"revision": 1, "values": {"place": "x"}},
    "SignForm": {"revision": 1},
    "CorrectForm": {"version": 1, "reason": "x", "values": {}},
    "SettleForm": {"take": False},
    "SignDraftsForm": {"template": "T09"},
    "BranchForm": {},
    "FundForm": {"organization_id": 2, "year": 2026, "budget": 0, "per_head": 1, "cap": 1},
    "CycleForm": {"kind": "batch", "organization_id": 1, "year": 2026, "number": 1},
    "TeamForm": {"name": "x", "leader_id": 1, "person_ids": [1, 2]},
    "AssignForm": {"team_id": 1, "branch_ids": [1]},
    "BelowForm": {},
    "DowngradeForm": {"branch_id": 1, "year": 2026, "downgrade": "D1", "fact": "x", "evidence": "x"},
    "LinesForm": {"lines": []},
    "ReviewForm": {"decided": {"A03": 1}},
    "AssessmentReasonForm": {"reason": "x"},
    "RecuseForm": {"reason": "x"},
    "OwnWordsForm": {"marks": [{"item": "A03", "deducted": 10}]},
    "WeakForm": {"branch_id": 1, "year": 2026, "facts": "x"},
    "WeakReasonForm": {"reason": "x"},
    "WeakSchemeForm": {"scheme": "x", "led_by_id": 1, "until": "2027-06-30"},
    "WeakEvidenceForm": {"evidence": "x"},
    "PlanForm": {"measure": "x", "kind": "limited"},
    "EvidenceForm": {"evidence": "x"},
    "ReturnForm": {"reason": "x"},
    "ObjectionForm": {"text": "x"},
    "ShowcaseForm": {"name": "x", "kind": "site", "category": "URBAN", "summary": "x", "learn": ["x"]},
    "ShowcaseNominationForm": {
        "name": "x",
        "kind": "site",
        "category": "URBAN",
        "summary": "x",
        "learn": ["x"],
    },
    "ShowcaseVisitForm": {"on": "2026-11-20", "findings": "x"},
    "ShowcaseReasonForm": {"reason": "x"},
    "ShowcaseTermForm": {},
    "ShowcaseReviewForm": {},
    "ShowcaseRenewalForm": {},
    "ObjectionAnswerForm": {"text": "x", "upheld": True},
}
"""A valid form of each kind; a new kind without one fails."""

IDS = {
    "site_id": "S10",
    "booking_id": "1",
    "slot_id": "1",
    "lesson_id": "1",
    "question_id": "1",
    "complaint_id": "1",
    "lookup": "NONE",
    "cluster_id": "1",
    "claim_id": "1",
    "receipt_id": "1",
    "batch_id": "1",
    "text_id": "1",
    "rehearsal_id": "1",
    "code": "no-such",
    "rule": "党章",
    "article": "第一条",
    "case": "C2",
    "friday": "2026-11-27",
    "card_id": "1",
    "role": "R07",
    "worker_id": "1",
    "correction_id": "1",
    "filing_id": "1",
    "unit_id": "2",
    "measure_id": "1",
    "weak_id": "1",
    "training_id": "1",
    "session_id": "1",
    "enrolment_id": "1",
    "rotation_id": "1",
    "swap_id": "1",
    "register": "workers",
    "template": "T09",
    "record_id": "9999",
    "set_aside_id": "1",
    "attachment_id": "1",
    "year": "2026",
    "cycle_id": "1",
    "organization_id": "1",
    "run_id": "1",
    "assessment_id": "1",
    "finding_id": "1",
    "showcase_id": "1",
    "name": "0" * 32,
}
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
            route.method, path, form and form | ({"code": code} if "code" in form else {}),
            file=b"x" if route.takes_file else None,
        )  # fmt: skip
        said = answer.body.get("code") if isinstance(answer.body, dict) else None
        if (said in REFUSED) is not (WHO[name] not in route.may):
            disagree.append((route.method, route.path, answer.status, said))
    assert disagree == []


ODD: list[Any] = [
    *(None, True, -1, 1.5, 2**63, 10**30),
    *("", "党" * 3000, "\u0000", "\u202e🙂", "' OR 1=1 --"),
    *([], {}, [None], [{}], {"code": {}}),
    [{"code": 1, "at": "0001-01-01T00:00:00+23:59"}],
    [{"code": "M1", "at": "9999-12-31T23:59:59-23:59"}],
]


async def test_odd_values_in_any_field_never_upset_the_service(world: World, clock: Clock) -> None:
    """Every answer, whatever it says, is one that the description foresees; none is a failure of ours."""
    wish = {"slot_id": world.slots[0].id, "headcount": 1, "theme": "x"}
    made = await world["worker"]("POST", "/bookings", wish)
    upset, number = [], 0
    for route in ROUTES:
        if not route.has_body or route.form is None or route.path.startswith("/session"):
            continue
        clock.now += timedelta(minutes=1)  # All forms together are more than one sender may ask in a minute.
        path = route.path.format(**IDS | {"booking_id": made.body["id"]})
        for field in route.form.model_fields:
            for value in ODD:
                form, number = FORMS[route.form.__name__] | {field: value}, number + 1
                answer = await world["keeper"](route.method, path, form, Idempotency_Key=f"odd-{number}")
                assert (isinstance(answer.body, dict) and answer.body.get("code")) != "idempotency_key_reused"
                if answer.status >= 500 or answer.status == 429:
                    upset.append((route.path, field, value, answer.body))
    assert upset == []


def test_the_doors_stand_side_by_side_and_none_slows_another(ctx: Context) -> None:
    app = web.Application()
    for door in (bot.app, miniprogram_api.app, pages.app):
        door.setup(app, ctx)
    assert list(app.middlewares) == []
