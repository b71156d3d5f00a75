"""Promise 9 as one table: every endpoint × every duty × what is one's own and what is another's.

`test_access.py` holds who may call an endpoint at all against the description. Here stands whose branch,
site or subtree a call may be about. The endpoints come from the description: a new one is red until it
has a row in `ROWS`, or is named in `UNSCOPED` because nothing in it belongs to a branch, site or subtree.

“own” is the near branch with its town's site, “other” the far ones. All callers are at home in the near
branch; `town` stands over the near town, `keeper` keeps the near site.
"""

import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook

from handlers import access, codes, receipt_images, sites
from handlers.access import Reach
from handlers.assessment_content import book
from handlers.context import Context
from models import (
    Account,
    App,
    Assessment,
    AssessmentStage,
    Booking,
    BookingStatus,
    CheckIn,
    Claim,
    ClaimStatus,
    Complaint,
    Cycle,
    CycleKind,
    Enrolment,
    Filing,
    Finding,
    Fund,
    Measure,
    Organization,
    PaymentBatch,
    Person,
    Placement,
    Question,
    Receipt,
    Record,
    RecordStatus,
    RecordVersion,
    Rectification,
    Role,
    Rotation,
    RotationRound,
    Screening,
    ScreeningStatus,
    Showcase,
    ShowcaseKind,
    ShowcaseStatus,
    Site,
    SiteCategory,
    Slot,
    StaffQuota,
    Team,
    TeamMember,
    Training,
    TrainingSession,
    WeakBranch,
    WeakStatus,
    Worker,
    WorkerCorrection,
)
from simulator import pictures
from tests.miniprogram_api.conftest import Answer, World
from tests.miniprogram_api.description import DOCUMENT

CALLERS = ("stranger", "unbound", "member", "worker", "keeper", "town", "district")
CLOSED = {"unauthenticated", "not_bound", "not_allowed", "not_your_branch", "not_found"}
"""The codes that say: this isn't yours."""

NOBODY: frozenset[str] = frozenset()
BOUND = frozenset({"member", "worker", "keeper", "town", "district"})
STAFF = BOUND - {"member"}
KEEPERS = frozenset({"keeper", "town", "district"})
OFFICERS = frozenset({"town", "district"})
DISTRICT = frozenset({"district"})
WORKER = frozenset({"worker"})
MEMBER = frozenset({"member"})
TOWN = frozenset({"town"})
LOOKS = frozenset({"keeper"})
"""Who assesses the near branch, and leads the team: a duty of nobody, given by the plan."""


@dataclass(frozen=True)
class Row:
    """Who gets at what is their own, and who at what is another's.

    `body` makes the form from the ids of a side. `listed` says that the endpoint always answers, and that
    what it lists is what counts.
    """

    own: frozenset[str]
    other: frozenset[str]
    body: Callable[[dict[str, Any]], dict[str, Any]] | None = None
    listed: Callable[[Any, dict[str, Any]], bool] | None = None


def by_id(name: str) -> Callable[[Any, dict[str, Any]], bool]:
    """Whether the thing of that name is among the items."""
    return lambda body, ids: ids[name] in [item["id"] for item in body["items"]]


def in_sheet(column: int, name: str) -> Callable[[Any, dict[str, Any]], bool]:
    """Whether the thing of that name is in a column of the sheet."""

    def is_in(body: bytes, ids: dict[str, Any]) -> bool:
        sheet: Any = load_workbook(BytesIO(body)).active
        return ids[name] in [row[column] for row in sheet.iter_rows(values_only=True)]

    return is_in


def entered(status: object) -> bool:
    """Whether a scan came to a person being present."""
    return status in ("checked_in", "already")


PICTURE = b64encode(pictures.png("x")).decode()
PROVED = {"fact": "x", "evidence": "x"}
EXAMPLE = {"name": "样板", "kind": "brand", "category": "RURAL", "summary": "x", "learn": ["x"]}
FIGURES = {"year": 2026, "per_head": 1, "cap": 9}

ROWS = {
    "GET /sites/{site_id}/code": Row(KEEPERS, DISTRICT),
    "GET /sites/{site_id}/codes": Row(KEEPERS, DISTRICT),
    "GET /sites/{site_id}/poster.pdf": Row(KEEPERS, DISTRICT),
    "GET /sites/{site_id}/present": Row(KEEPERS, DISTRICT),
    "GET /sites/{site_id}/refused-scans": Row(KEEPERS, DISTRICT),
    "GET /sites/{site_id}/scan-conflicts": Row(KEEPERS, DISTRICT),
    "POST /bookings/{booking_id}/check-ins": Row(KEEPERS, DISTRICT, body=lambda _: {"names": ["x"]}),
    "GET /sites/{site_id}/keeping": Row(KEEPERS, DISTRICT),
    "POST /sites/{site_id}/edit": Row(KEEPERS, DISTRICT, lambda ids: {"notes": "请走东门"}),
    "POST /sites/{site_id}/close": Row(KEEPERS, DISTRICT, lambda _: {"reason": "停电"}),
    "POST /sites/{site_id}/open": Row(KEEPERS, DISTRICT),
    "POST /slots/{slot_id}/close": Row(KEEPERS, DISTRICT, lambda _: {"reason": "停电"}),
    "POST /slots/{slot_id}/open": Row(KEEPERS, DISTRICT),
    "POST /bookings/{booking_id}/accept": Row(WORKER | OFFICERS, DISTRICT),
    "POST /bookings/{booking_id}/headcount": Row(WORKER | OFFICERS, DISTRICT, lambda _: {"headcount": 2}),
    "POST /bookings": Row(
        WORKER, NOBODY,
        body=lambda ids: {key: ids[key] for key in ("slot_id", "branch_id")} | {"headcount": 1, "theme": "x"},
    ),
    "GET /bookings": Row(BOUND, DISTRICT, listed=by_id("booking_id")),
    "GET /bookings/{booking_id}": Row(BOUND, DISTRICT),
    "GET /bookings/{booking_id}.ics": Row(BOUND, DISTRICT),
    "POST /bookings/{booking_id}/cancel": Row(STAFF, DISTRICT),
    "POST /bookings/{booking_id}/confirm": Row(KEEPERS, DISTRICT),
    "POST /bookings/{booking_id}/decline": Row(KEEPERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "GET /questions": Row(OFFICERS, DISTRICT, listed=by_id("question_id")),
    "GET /questions/clusters": Row(
        OFFICERS, DISTRICT,
        listed=lambda body, ids: any(ids["question_id"] in one["question_ids"] for one in body["items"]),
    ),
    "POST /questions/{question_id}/feedback": Row(MEMBER, NOBODY, body=lambda _: {"useful": True}),
    "POST /questions/{question_id}/answer": Row(OFFICERS, DISTRICT, body=lambda _: {"text": "x"}),
    "POST /questions/clusters/{cluster_id}/answer": Row(OFFICERS, DISTRICT, body=lambda _: {"text": "x"}),
    "POST /questions/clusters/{cluster_id}/draft": Row(OFFICERS, DISTRICT),
    "POST /claims": Row(WORKER, NOBODY, body=lambda ids: {"booking_id": ids["booking_id"]}),
    "GET /claims": Row(BOUND, DISTRICT, listed=by_id("claim_id")),
    "GET /claims.xlsx": Row(BOUND, DISTRICT, listed=in_sheet(0, "claim_id")),
    "GET /claims/{claim_id}": Row(BOUND, DISTRICT),
    "POST /claims/{claim_id}/correct": Row(WORKER, NOBODY, body=lambda _: {}),
    "POST /claims/{claim_id}/approve": Row(OFFICERS, DISTRICT),
    "POST /claims/{claim_id}/return": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /claims/{claim_id}/reject": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /claims/{claim_id}/pay": Row(OFFICERS, DISTRICT),
    "GET /claims/{claim_id}/receipts/{receipt_id}/image": Row(BOUND, DISTRICT),
    "PUT /claims/{claim_id}/receipts/{receipt_id}/image": Row(
        WORKER, NOBODY, body=lambda _: {"content": PICTURE}
    ),
    "DELETE /claims/{claim_id}/receipts/{receipt_id}/image": Row(WORKER, NOBODY),
    "GET /payment-batches": Row(OFFICERS, DISTRICT, listed=by_id("batch_id")),
    "POST /payment-batches": Row(OFFICERS, DISTRICT, body=lambda ids: {"fund_id": ids["fund_id"]}),
    "GET /payment-batches/{batch_id}": Row(OFFICERS, DISTRICT),
    "GET /payment-batches/{batch_id}.xlsx": Row(OFFICERS, DISTRICT),
    "POST /payment-batches/{batch_id}/pay": Row(OFFICERS, DISTRICT),
    "DELETE /payment-batches/{batch_id}": Row(OFFICERS, DISTRICT),
    "POST /check-ins": Row(
        BOUND, NOBODY,
        body=lambda ids: {"code": ids["poster"]}, listed=lambda body, _: entered(body["status"]),
    ),
    "POST /check-ins/upload": Row(
        KEEPERS, DISTRICT,
        body=lambda ids: {"scans": [ids["scan"]]},
        listed=lambda body, _: entered(body["items"][0]["status"]),
    ),
    "GET /funds": Row(OFFICERS, DISTRICT, listed=by_id("fund_id")),
    "POST /funds": Row(
        OFFICERS, DISTRICT,
        body=lambda ids: {"organization_id": ids["town_id"], "budget": 10**6} | FIGURES,
    ),
    "POST /bookings/{booking_id}/rating": Row(MEMBER, NOBODY, body=lambda _: {"stars": 5}),
    "GET /sites/{site_id}/ratings": Row(KEEPERS, DISTRICT),
    "GET /complaints": Row(OFFICERS, DISTRICT, listed=by_id("complaint_id")),
    "POST /complaints/{complaint_id}/answer": Row(OFFICERS, DISTRICT, body=lambda _: {"text": "x"}),
    "POST /complaints/{complaint_id}/close": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /complaints/{complaint_id}/forward": Row(
        OFFICERS, DISTRICT, body=lambda ids: {"office_id": ids["town_id"], "note": "x"}
    ),
    "GET /complaint-sheet": Row(OFFICERS, DISTRICT, listed=in_sheet(0, "complaint_id")),
    "GET /texts": Row(OFFICERS, DISTRICT, listed=by_id("text_id")),
    "POST /texts/{text_id}/release": Row(OFFICERS, DISTRICT),
    "POST /texts/{text_id}/withhold": Row(OFFICERS, DISTRICT),
    "GET /records": Row(BOUND, NOBODY, listed=by_id("record_id")),
    "POST /records": Row(
        WORKER, NOBODY, lambda ids: {"template": "T09", "branch_id": ids["branch_id"]}
    ),
    "GET /records/year": Row(
        WORKER | OFFICERS, NOBODY, listed=lambda body, ids: body["branch"]["id"] == ids["branch_id"]
    ),
    "GET /records/due": Row(
        WORKER | OFFICERS, NOBODY, listed=lambda body, ids: body["branch"]["id"] == ids["branch_id"]
    ),
    "POST /records/feed": Row(WORKER, NOBODY, lambda ids: {"branch_id": ids["branch_id"]}),
    "POST /records/sign-drafts": Row(
        WORKER, NOBODY, lambda ids: {"template": "T09", "branch_id": ids["branch_id"]}
    ),
    "GET /records/{record_id}": Row(BOUND, DISTRICT),
    "GET /records/{record_id}.pdf": Row(BOUND, DISTRICT),
    "GET /records/{record_id}.docx": Row(BOUND, DISTRICT),
    "PUT /records/{record_id}": Row(WORKER, NOBODY, lambda _: {"revision": 1, "values": {"place": "y"}}),
    "DELETE /records/{record_id}": Row(WORKER, NOBODY),
    "GET /records/{record_id}/check": Row(WORKER, NOBODY),
    "POST /records/{record_id}/sign": Row(WORKER, NOBODY, lambda _: {"revision": 2}),
    "POST /records/{record_id}/correct": Row(
        WORKER, NOBODY, lambda _: {"version": 1, "reason": "x", "values": {"place": "y"}}
    ),
    "GET /records/{record_id}/history": Row(BOUND, DISTRICT),
    "GET /records/{record_id}/set-asides": Row(WORKER, NOBODY),
    "POST /records/{record_id}/restore-vote": Row(WORKER, NOBODY),
    "POST /records/{record_id}/hours": Row(WORKER, NOBODY),
    "GET /records/{record_id}/attachments": Row(BOUND, DISTRICT),
    "POST /cycles": Row(
        OFFICERS, DISTRICT,
        body=lambda ids: {"kind": "quarter", "organization_id": ids["town_id"], "year": 2025, "number": 1},
    ),
    "GET /cycles": Row(OFFICERS, DISTRICT, listed=by_id("cycle_id")),
    "GET /cycles/{cycle_id}": Row(OFFICERS, DISTRICT),
    "GET /cycles/{cycle_id}/teams": Row(OFFICERS, DISTRICT),
    "POST /cycles/{cycle_id}/teams": Row(
        OFFICERS, DISTRICT, body=lambda _: {"name": "x", "leader_id": 1, "person_ids": []}
    ),
    "POST /cycles/{cycle_id}/assignments": Row(
        OFFICERS, DISTRICT, body=lambda ids: {"team_id": ids["team_id"]}
    ),
    "POST /cycles/{cycle_id}/publish": Row(OFFICERS, DISTRICT),
    "GET /cycles/{cycle_id}/figures": Row(OFFICERS, DISTRICT),
    "GET /cycles/{cycle_id}/agreement": Row(OFFICERS, DISTRICT),
    "GET /cycles/{cycle_id}/towns/{organization_id}/report.pdf": Row(OFFICERS, DISTRICT),
    "GET /cycles/{cycle_id}/towns/{organization_id}/report.docx": Row(OFFICERS, DISTRICT),
    "POST /cycles/{cycle_id}/prints": Row(OFFICERS, DISTRICT, body=lambda _: {}),
    "GET /assessments": Row(LOOKS | WORKER | OFFICERS, DISTRICT, listed=by_id("assessment_id")),
    "GET /assessments/{assessment_id}": Row(LOOKS | WORKER | OFFICERS, DISTRICT),
    "GET /assessments/{assessment_id}/report.docx": Row(LOOKS | WORKER | OFFICERS, DISTRICT),
    "GET /assessments/{assessment_id}/report.pdf": Row(LOOKS | WORKER | OFFICERS, DISTRICT),
    "GET /assessments/{assessment_id}/kit": Row(LOOKS, NOBODY),
    "POST /assessments/{assessment_id}/observations": Row(LOOKS, NOBODY, body=lambda _: {"lines": []}),
    "POST /assessments/{assessment_id}/hand-in": Row(LOOKS, NOBODY),
    "POST /assessments/{assessment_id}/recuse": Row(LOOKS, NOBODY, body=lambda _: {"reason": "x"}),
    "POST /assessments/{assessment_id}/review": Row(LOOKS, NOBODY, body=lambda _: {}),
    "POST /assessments/{assessment_id}/send-back": Row(LOOKS, NOBODY, body=lambda _: {"reason": "x"}),
    "POST /assessments/{assessment_id}/deliver": Row(LOOKS | OFFICERS, DISTRICT),
    "POST /assessments/{assessment_id}/sign": Row(WORKER, NOBODY),
    "POST /assessments/{assessment_id}/stop": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "GET /assessments/years": Row(
        OFFICERS, DISTRICT,
        listed=lambda body, ids: ids["branch_id"] in [item["branch"]["id"] for item in body["items"]],
    ),
    "POST /assessments/downgrades": Row(
        DISTRICT, DISTRICT,
        body=lambda ids: {"branch_id": ids["branch_id"], "year": 2026, "downgrade": "D3"} | PROVED,
    ),
    "GET /findings": Row(LOOKS | WORKER | OFFICERS, DISTRICT, listed=by_id("finding_id")),
    "GET /finding-sheet": Row(LOOKS | WORKER | OFFICERS, DISTRICT, listed=in_sheet(0, "finding_id")),
    "GET /findings/{finding_id}": Row(LOOKS | WORKER | OFFICERS, DISTRICT),
    "GET /findings/{finding_id}/chain": Row(LOOKS | WORKER | OFFICERS, DISTRICT),
    "POST /findings/{finding_id}/plan": Row(
        WORKER, NOBODY, body=lambda _: {"measure": "x", "kind": "limited"}
    ),
    "POST /findings/{finding_id}/train": Row(WORKER, NOBODY),
    "POST /findings/{finding_id}/objection": Row(WORKER, NOBODY, body=lambda _: {"text": "x"}),
    "POST /findings/{finding_id}/prove": Row(WORKER, NOBODY, body=lambda _: {"evidence": "x"}),
    "POST /findings/{finding_id}/help": Row(WORKER, NOBODY, body=lambda _: {"reason": "x"}),
    "POST /findings/{finding_id}/objection/answer": Row(
        OFFICERS, DISTRICT, body=lambda _: {"text": "x", "upheld": False}
    ),
    "POST /findings/{finding_id}/accept": Row(OFFICERS, DISTRICT),
    "POST /findings/{finding_id}/return": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "GET /assessments/{assessment_id}/self": Row(WORKER, NOBODY),
    "POST /assessments/{assessment_id}/self": Row(WORKER, NOBODY, body=lambda _: {"marks": []}),
    "POST /assessments/{assessment_id}/self/take-last": Row(WORKER, NOBODY),
    "POST /assessments/{assessment_id}/self/hand-in": Row(WORKER, NOBODY),
    "GET /weak-branches": Row(WORKER | OFFICERS, DISTRICT, listed=by_id("weak_id")),
    "GET /weak-branches/{weak_id}": Row(WORKER | OFFICERS, DISTRICT),
    "POST /weak-branches": Row(
        DISTRICT, DISTRICT, body=lambda ids: {"branch_id": ids["branch_id"], "year": 2026, "facts": "x"}
    ),
    "POST /weak-branches/{weak_id}/confirm": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /weak-branches/{weak_id}/dismiss": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /weak-branches/{weak_id}/begin": Row(
        OFFICERS, DISTRICT, body=lambda _: {"scheme": "x", "led_by_id": 1, "until": "2027-01-01"}
    ),
    "POST /weak-branches/{weak_id}/prove": Row(
        WORKER | OFFICERS, DISTRICT, body=lambda _: {"evidence": "x"}
    ),
    "POST /weak-branches/{weak_id}/accept": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /weak-branches/{weak_id}/return": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /weak-branches/{weak_id}/keep-up": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "GET /statistics/visits": Row(
        KEEPERS, DISTRICT, listed=lambda body, ids: ids["town"] in [item["town"] for item in body["items"]]
    ),
    "GET /workers": Row(OFFICERS, DISTRICT, listed=by_id("worker_id")),
    "GET /workers/{worker_id}": Row(OFFICERS, DISTRICT),
    "PUT /workers/{worker_id}": Row(OFFICERS, DISTRICT, body=lambda _: {"nation": "汉族"}),
    "GET /workers/corrections": Row(OFFICERS, DISTRICT, listed=by_id("correction_id")),
    "POST /workers/corrections/{correction_id}/answer": Row(
        OFFICERS, DISTRICT, body=lambda _: {"answer": "x"}
    ),
    "POST /filings": Row(
        OFFICERS, DISTRICT,
        body=lambda ids: {
            "kind": "leave", "person_id": ids["person_id"], "unit_id": ids["unit_id"],
            "effective_on": "2026-12-01", "reason": "x",
        },
    ),
    "GET /filings": Row(OFFICERS, DISTRICT, listed=by_id("filing_id")),
    "GET /filing-sheet": Row(OFFICERS, DISTRICT, listed=in_sheet(0, "filing_id")),
    "GET /filings/{filing_id}": Row(OFFICERS, DISTRICT),
    "POST /filings/{filing_id}/advance": Row(OFFICERS, DISTRICT, body=lambda _: {}),
    "POST /filings/{filing_id}/return": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /filings/{filing_id}/correct": Row(
        OFFICERS, DISTRICT, body=lambda _: {"effective_on": "2026-12-01", "reason": "x"}
    ),
    "POST /filings/{filing_id}/refuse": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /filings/{filing_id}/withdraw": Row(OFFICERS, DISTRICT, body=lambda _: {}),
    "GET /staffing": Row(
        OFFICERS, DISTRICT,
        listed=lambda body, ids: ids["unit_id"] in [item["unit"]["id"] for item in body["items"]],
    ),
    "PUT /staffing/{unit_id}": Row(DISTRICT, DISTRICT, body=lambda _: {"required": 2}),
    "GET /staffing/bulletin": Row(
        OFFICERS, DISTRICT,
        listed=lambda body, ids: ids["unit_name"] in [item["unit"] for item in body["items"]],
    ),
    "GET /statistics/workers": Row(
        OFFICERS, DISTRICT,
        listed=lambda body, ids: ids["unit_name"] in [item["unit"] for item in body["units"]],
    ),
    "POST /measures": Row(
        DISTRICT, DISTRICT,
        body=lambda ids: {"unit_id": ids["unit_id"], "issue": "poor_work", "facts": "x"},
    ),
    "GET /measures": Row(OFFICERS, DISTRICT, listed=by_id("measure_id")),
    # The register seen by the fewest stands for all of them.
    "GET /registers/{register}/sheet": Row(OFFICERS, DISTRICT, listed=in_sheet(0, "measure_id")),
    "GET /measures/{measure_id}": Row(OFFICERS, DISTRICT),
    "POST /measures/{measure_id}/verify": Row(
        DISTRICT, DISTRICT, body=lambda _: {"holds": True, "note": "x"}
    ),
    "POST /measures/{measure_id}/explain": Row(TOWN, NOBODY, body=lambda _: {"text": "x"}),
    "POST /measures/{measure_id}/propose": Row(
        DISTRICT, DISTRICT, body=lambda _: {"kinds": ["talk"], "reason": "x"}
    ),
    "POST /measures/{measure_id}/decide": Row(DISTRICT, DISTRICT, body=lambda _: {"agrees": True}),
    "POST /measures/{measure_id}/deliver": Row(DISTRICT, DISTRICT, body=lambda _: {}),
    "POST /measures/{measure_id}/rectify": Row(TOWN, NOBODY, body=lambda _: {"text": "x"}),
    "POST /measures/{measure_id}/lift": Row(DISTRICT, DISTRICT, body=lambda _: {}),
    "POST /trainings/{training_id}/enrolments": Row(
        OFFICERS, DISTRICT,
        body=lambda ids: {"unit_id": ids["unit_id"], "person_ids": [ids["person_id"]]},
    ),
    "GET /trainings/{training_id}/enrolments": Row(OFFICERS, DISTRICT, listed=by_id("enrolment_id")),
    "POST /enrolments/{enrolment_id}/cancel": Row(OFFICERS, DISTRICT, body=lambda _: {}),
    "GET /trainings/{training_id}/trainees": Row(OFFICERS, DISTRICT),
    "POST /trainings/{training_id}/results": Row(
        OFFICERS, DISTRICT, body=lambda _: {"results": [{"trainee_id": 1}]}
    ),
    "POST /trainings/{training_id}/close": Row(OFFICERS, DISTRICT),
    "GET /training-sessions/{session_id}/code": Row(OFFICERS, DISTRICT),
    "POST /training-sessions/{session_id}/names": Row(OFFICERS, DISTRICT, body=lambda _: {"names": ["x"]}),
    "GET /rotations": Row(
        OFFICERS, DISTRICT,
        listed=lambda body, ids: any(
            one["id"] == ids["rotation_id"] and one["person_id"] for one in body["items"]
        ),
    ),
    "GET /rotations/{rotation_id}": Row(OFFICERS, DISTRICT),
    "POST /rotations/{rotation_id}/nominate": Row(
        OFFICERS, DISTRICT, body=lambda ids: {"person_id": ids["person_id"]}
    ),
    "POST /rotations/{rotation_id}/replace": Row(
        OFFICERS, DISTRICT, body=lambda ids: {"person_id": ids["person_id"], "reason": "x"}
    ),
    "POST /rotations/{rotation_id}/swaps": Row(OFFICERS, DISTRICT, body=lambda _: {"with_id": 1}),
    "POST /rotations/{rotation_id}/confirm": Row(DISTRICT, DISTRICT, body=lambda _: {"mentor_id": 1}),
    "POST /rotations/{rotation_id}/arrive": Row(DISTRICT, DISTRICT, body=lambda _: {"on": "2026-12-01"}),
    "POST /rotations/{rotation_id}/assess": Row(DISTRICT, DISTRICT, body=lambda _: {"met": []}),
    "POST /rotations/{rotation_id}/graduate": Row(DISTRICT, DISTRICT, body=lambda _: {"on": "2026-12-01"}),
    "POST /rotations/{rotation_id}/stop": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "PUT /rotations/{rotation_id}/log": Row(MEMBER, NOBODY, body=lambda _: {"text": "x"}),
    "POST /rotations/{rotation_id}/miss": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "GET /statistics/visits.xlsx": Row(KEEPERS, DISTRICT, listed=in_sheet(1, "town")),
    "POST /organizations/{unit_id}/resume-booking": Row(OFFICERS, DISTRICT),
    "GET /showcase/entries": Row(WORKER | OFFICERS, DISTRICT, listed=by_id("showcase_id")),
    "GET /showcase/waiting": Row(
        OFFICERS, DISTRICT,
        listed=lambda body, ids: ids["showcase_id"] in [one["id"] for one in body["waiting"]],
    ),
    "GET /showcase/{showcase_id}/process": Row(WORKER | OFFICERS, DISTRICT),
    "POST /showcase": Row(
        WORKER | OFFICERS, DISTRICT,
        body=lambda ids: EXAMPLE | {"name": f"样板{ids['slot_id']}", "organization_id": ids["branch_id"]},
        listed=lambda body, _: "id" in body,
    ),
    "POST /showcase/{showcase_id}/correct": Row(WORKER | OFFICERS, DISTRICT, body=lambda _: EXAMPLE),
    "POST /showcase/{showcase_id}/visit": Row(
        OFFICERS, DISTRICT, body=lambda _: {"on": "2026-01-01", "findings": "x"}
    ),
    "POST /showcase/{showcase_id}/return": Row(OFFICERS, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /showcase/{showcase_id}/refuse": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /showcase/{showcase_id}/admit": Row(DISTRICT, DISTRICT, body=lambda _: {}),
    "POST /showcase/{showcase_id}/review": Row(OFFICERS, DISTRICT, body=lambda _: {}),
    "POST /showcase/{showcase_id}/renew": Row(DISTRICT, DISTRICT, body=lambda _: {}),
    "POST /showcase/{showcase_id}/remove": Row(DISTRICT, DISTRICT, body=lambda _: {"reason": "x"}),
    "POST /showcase/{showcase_id}/edit": Row(OFFICERS, DISTRICT, body=lambda _: EXAMPLE),
    "GET /sites/{site_id}/images": Row(KEEPERS, DISTRICT),
    "POST /sites/{site_id}/images": Row(KEEPERS, DISTRICT, body=lambda _: {"content": PICTURE}),
    "DELETE /sites/{site_id}/images/{name}": Row(KEEPERS, DISTRICT),
    "GET /showcase/{showcase_id}/images": Row(WORKER | OFFICERS, DISTRICT),
    "POST /showcase/{showcase_id}/images": Row(
        WORKER | OFFICERS, DISTRICT, body=lambda _: {"content": PICTURE}
    ),
    "DELETE /showcase/{showcase_id}/images/{name}": Row(WORKER | OFFICERS, DISTRICT),
}  # fmt: skip

UNSCOPED = {
    "the caller's own and nobody else's": """
        POST /session, POST /session/bind, GET /me, DELETE /me, GET /me/export, GET /me/code,
        GET /me/lessons, PUT /me/lessons, POST /subscriptions, POST /questions, GET /questions/mine,
        POST /questions/suggestions,
        GET /claims/claimable, GET /todos,
        GET /me/worker, POST /me/worker/corrections, GET /self-assessments,
        GET /posters.pdf, GET /prints/{run_id}, GET /prints/{run_id}/reports.zip,
        GET /practice, DELETE /practice, POST /practice/{card_id}/answer""",
    "for everybody alike": """
        GET /sites, GET /sites/{site_id}, GET /sites/{site_id}/slots, GET /claims/summary,
        GET /assessments/sheets, GET /showcase, GET /showcase/{showcase_id},
        GET /lessons, GET /lessons/current, GET /lessons/{lesson_id}, POST /lessons/{lesson_id}/answers,
        GET /rules, GET /rules/{rule}/articles/{article}, GET /cases, GET /cases/roles,
        GET /cases/roles/{role}, GET /cases/{case}, POST /complaints, GET /complaints/{lookup},
        POST /complaints/{lookup}/reopen, POST /complaints/{lookup}/unname,
        GET /record-templates, GET /record-templates/{template}""",
    "one course, one knowledge base and one map for the whole district": """
        POST /lessons, GET /lessons/weeks, GET /lessons/weeks/{friday}, PUT /lessons/weeks/{friday},
        POST /lessons/weeks/{friday}/retry, PUT /lessons/{lesson_id}, POST /lessons/{lesson_id}/withdraw,
        POST /lessons/{lesson_id}/preview, GET /lessons/{lesson_id}/counts,
        GET /entries, POST /entries, GET /entries/{code}, GET /entries/{code}/versions,
        POST /sites, POST /sites/close-days,
        POST /entries/{code}/retire, POST /entries/{code}/draft, DELETE /entries/{code}/draft,
        GET /entries/{code}/draft/tests, POST /entries/{code}/draft/approve,
        POST /entries/{code}/draft/return""",
    "one list of the district's offices": """
        GET /complaint-offices""",
    "one set of suggestions for the whole district": """
        GET /handbook/terms, PUT /handbook/terms""",
    "one list of classes, qualifications and rounds for the whole district": """
        GET /workers/rules, PUT /workers/rules, GET /trainings, POST /trainings, GET /trainings/{training_id},
        PUT /trainings/{training_id}, POST /trainings/{training_id}/cancel, POST /rotations/rounds""",
    "the two towns of a swap and the section: see tests/handlers/test_rotations.py": """
        GET /rotations/swaps, POST /rotations/swaps/{swap_id}/agree, POST /rotations/swaps/{swap_id}/decline,
        POST /rotations/swaps/{swap_id}/confirm""",
    "the code or the scan says whose it is: see test_checkins.py": """
        POST /trainings/check-ins""",
    "any member may join an open visit alone, and leave their own: see test_guests.py": """
        GET /open-visits, POST /open-visits/{booking_id}/join, POST /open-visits/{booking_id}/leave""",
    "what the years of the branches below propose: see tests/handlers/test_weak_branches.py": """
        GET /weak-branch-proposals""",
    "counts only, too small ones not shown": """
        GET /questions/statistics""",
    "the sheet of a list above": """
        GET /assessments/years.docx, GET /weak-branch-sheet""",
    "the caller's own branch by their duty, or a file that says whose it is: see test_records.py": """
        GET /records.xlsx, GET /records/archive, POST /records/archive, POST /records/sheet,
        DELETE /records/feed, POST /records/{record_id}/attachments,
        GET /records/{record_id}/attachments/{attachment_id},
        DELETE /records/{record_id}/attachments/{attachment_id},
        POST /records/{record_id}/set-asides/{set_aside_id}""",
    "whose year it is stands behind the question mark: see test_record_documents.py": """
        GET /handbooks/{year}.pdf, GET /handbooks/{year}.docx""",
    "who takes part in a rehearsal decides: its own tests say so": """
        GET /rehearsals, GET /rehearsals/{rehearsal_id}, GET /rehearsals/{rehearsal_id}/code,
        GET /rehearsals/{rehearsal_id}/news,
        POST /rehearsals, POST /rehearsals/join, POST /rehearsals/{rehearsal_id}/acts""",
}
"""Endpoints in which nothing belongs to a branch, site or subtree, and why."""


def endpoints() -> set[str]:
    """Every endpoint of the description."""
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, item in DOCUMENT["paths"].items()
        for method in item
    }


def unscoped() -> list[str]:
    return [name.strip() for names in UNSCOPED.values() for name in names.split(",")]


def test_every_endpoint_has_a_row() -> None:
    assert endpoints() - set(ROWS) - set(unscoped()) == set(), "give these a row in ROWS or name in UNSCOPED"
    assert set(ROWS) | set(unscoped()) <= endpoints(), "these are gone"
    assert not set(ROWS) & set(unscoped())
    assert len(unscoped()) == len(set(unscoped()))


def test_a_new_endpoint_without_a_row_would_be_found() -> None:
    assert "GET /persons/{person_id}" not in set(ROWS) | set(unscoped())


@pytest.mark.parametrize("name", [name for name in ROWS if "{" in name])
def test_what_one_may_not_call_at_all_one_does_not_get_at(name: str) -> None:
    """No row opens what the description keeps shut."""
    method, path = name.split(" ")
    may = set(DOCUMENT["paths"][f"/api/v1{path}"][method.lower()]["x-may"])
    duties = {
        "worker": "branch_worker",
        "keeper": "site_keeper",
        "town": "town_officer",
        "district": "district_officer",
    }
    assert {duties.get(who, who) for who in ROWS[name].own | ROWS[name].other} <= may


@dataclass
class Things:
    """What belongs to the near branch and to the far one, made when asked for."""

    ctx: Context
    world: World
    sites: dict[str, Site]
    people: dict[str, Person]
    made: dict[tuple[str, str], Any] = field(default_factory=dict)

    async def ids(self, side: str) -> dict[str, Any]:
        """The ids of everything on one side. Each thing is made once, but texts, which go away."""
        branch = self.branch(side)
        booking = await self.once("booking", side, self.booking)
        claim = await self.once("claim", side, self.claim)
        receipt = await self.once("receipt", side, self.receipt)
        batch = await self.once("batch", side, self.batch)
        await self.once("going on", side, self.going_on)
        question = await self.once("question", side, self.question)
        slot = await self.slot(side, hours=900 + len(self.made))
        town = await Organization.get(id=branch.parent_id)
        finding = await self.once("finding", side, self.finding)
        return {
            "site_id": self.sites[side].id, "slot_id": slot.id, "booking_id": booking.id,
            "claim_id": claim.id, "fund_id": claim.fund_id, "question_id": question.id,
            "cluster_id": question.id, "text_id": (await self.text(side)).id, "branch_id": branch.id,
            "record_id": (await self.once("record", side, self.record)).id,
            "town_id": town.id, "town": self.sites[side].town, "receipt_id": receipt.id,
            "complaint_id": (await self.complaint(side)).id,
            "organization_id": town.id, "finding_id": finding.id, "assessment_id": finding.assessment_id,
            "cycle_id": finding.assessment.cycle_id, "team_id": finding.assessment.team_id,
            "batch_id": batch.id, "poster": sites.poster_scene(self.ctx, site_id=self.sites[side].id),
            "scan": self.scan(side),
            "weak_id": (await self.once("weak", side, self.weak)).id,
            "showcase_id": (await self.once("showcase", side, self.showcase)).id, "name": "0" * 32,
        } | await self.once("workers", side, self.workers_side)  # fmt: skip

    async def workers_side(self, side: str) -> dict[str, Any]:
        """A town's worker, filing, quota, measure, class and turn."""
        town = await Organization.get(id=self.branch(side).parent_id)
        now, branch = self.ctx.now(), self.branch(side)
        person = await Person.create(name="演示", organization=branch)
        filed = await Person.create(name="演示", organization=branch)
        worker = await Worker.create(person=person)
        await Placement.create(
            worker=worker,
            unit=town,
            field="town",
            post="组织员",
            full_time=True,
            staffing="行政",
            starts_on=date(2026, 1, 1),
        )
        correction = await WorkerCorrection.create(worker=worker, text="x", created_at=now)
        filing = await Filing.create(
            kind="appoint",
            status="unit",
            person=filed,
            unit=town,
            effective_on=date(2026, 12, 1),
            created_at=now,
        )
        await StaffQuota.create(unit=town, required=1)
        measure = await Measure.create(
            unit=town, issue="poor_work", status="verified", facts="x", created_at=now
        )
        training = await Training.create(
            code=side,
            kind="town",
            topic="x",
            place="x",
            host=town,
            starts_at=now + timedelta(days=1),
            ends_at=now + timedelta(days=2),
            capacity=5,
            status="open",
        )
        session = await TrainingSession.create(
            training=training,
            number=1,
            title="x",
            starts_at=training.starts_at,
            ends_at=training.ends_at,
            hours=1,
        )
        enrolment = await Enrolment.create(
            training=training, unit=town, headcount=1, status="enrolled", created_at=now
        )
        round_, _ = await RotationRound.get_or_create(
            number=1, defaults={"first_month": date(2026, 12, 1), "created_at": now}
        )
        goes = self.world["member"].person if side == "own" else person
        rotation = await Rotation.create(
            round=round_,
            unit=town,
            month=date(2026, 12, 1),
            place=1 + (side == "other"),
            status="nominated",
            person=goes,
        )
        return {
            "worker_id": worker.id, "correction_id": correction.id, "filing_id": filing.id,
            "unit_id": town.id, "unit_name": town.name, "measure_id": measure.id, "training_id": training.id,
            "session_id": session.id, "enrolment_id": enrolment.id, "rotation_id": rotation.id,
            "person_id": person.id, "register": "measures",
        }  # fmt: skip

    async def once(self, kind: str, side: str, make: Callable[[str], Awaitable[Any]]) -> Any:
        if (kind, side) not in self.made:
            self.made[kind, side] = await make(side)
        return self.made[kind, side]

    def branch(self, side: str) -> Organization:
        return self.world.near if side == "own" else self.world.far

    async def slot(self, side: str, *, hours: int) -> Slot:
        self.made["slot", str(len(self.made))] = None
        starts_at = self.ctx.now() + timedelta(hours=hours)
        return await Slot.create(
            site=self.sites[side], starts_at=starts_at, ends_at=starts_at + timedelta(hours=1), capacity=30
        )

    async def booking(self, side: str) -> Booking:
        slot, branch = await self.slot(side, hours=100), self.branch(side)
        booking = await Booking.create(
            slot=slot, branch=branch, headcount=1, theme="x", status=BookingStatus.CONFIRMED,
            live_key=f"{slot.id}:{branch.id}", created_at=self.ctx.now(),
        )  # fmt: skip
        who = self.world["member" if side == "own" else "other_worker"].person
        await CheckIn.create(booking=booking, person=who, at=slot.starts_at, source="paper")
        return booking

    async def claim(self, side: str) -> Claim:
        slot, branch = await self.slot(side, hours=-30), self.branch(side)
        visit = await Booking.create(
            slot=slot, branch=branch, headcount=1, theme="x", status=BookingStatus.FULFILLED,
            created_at=self.ctx.now(),
        )  # fmt: skip
        person = self.people[side]
        await CheckIn.create(booking=visit, person=person, at=slot.starts_at, source="door")
        fund = await Fund.create(organization_id=branch.parent_id, year=2026, budget=10**6, per_head=1, cap=9)
        return await Claim.create(
            booking=visit, branch=branch, fund=fund, present=1, per_head=1, cap=9, amount=1,
            status=ClaimStatus.SUBMITTED, submitted_by=person, applicant_ids=[person.id],
            submitted_at=self.ctx.now(),
        )  # fmt: skip

    async def receipt(self, side: str) -> Receipt:
        """A bill of that claim with its picture."""
        folder = self.ctx.settings.data_dir / receipt_images.FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{side}.jpg").write_bytes(b"picture")
        claim = self.made["claim", side]
        return await Receipt.create(claim=claim, number=side, amount=1, image=f"{side}.jpg")

    async def batch(self, side: str) -> PaymentBatch:
        """An earlier quarter's batch of that fund."""
        fund_id = self.made["claim", side].fund_id
        return await PaymentBatch.create(fund_id=fund_id, year=2026, quarter=3, made_at=self.ctx.now())

    async def going_on(self, side: str) -> Booking:
        """A visit of that branch, at that site, now."""
        slot, branch = await self.slot(side, hours=0), self.branch(side)
        return await Booking.create(
            slot=slot, branch=branch, headcount=1, theme="x", status=BookingStatus.CONFIRMED,
            live_key=f"{slot.id}:{branch.id}", created_at=self.ctx.now(),
        )  # fmt: skip

    def scan(self, side: str) -> dict[str, str]:
        """A line of a keeper's log: the code of a member of that branch."""
        secret, now = self.ctx.settings.secret_key.get_secret_value(), self.ctx.now()
        code = codes.member(secret, person_id=self.people[side].id, at=now)
        return {"code": code, "at": now.isoformat()}

    async def finding(self, side: str) -> Rectification:
        """One that was fed back; on the near side the keeper assessed, and led the team."""
        branch, now = self.branch(side), self.ctx.now()
        looks = self.world["keeper"].person if side == "own" else self.people["other"]
        assert looks is not None
        cycle = await Cycle.create(
            kind=CycleKind.BATCH, organization_id=branch.parent_id, year=2026, number=1, name="x", seed="x",
            records_from=now.date(), records_until=now.date(), created_at=now, published_at=now,
            book=json.dumps(book().kept(), ensure_ascii=False),
        )  # fmt: skip
        team = await Team.create(cycle=cycle, name="x", leader=looks)
        await TeamMember.create(team=team, person=looks)
        other = await Person.create(name="演示", organization_id=branch.parent_id)
        assessment = await Assessment.create(
            cycle=cycle, branch=branch, team=team, assessor=looks, other=other, sheet="A", mark=980,
            stage=AssessmentStage.RECTIFYING, delivered_at=now, signed_at=now,
        )  # fmt: skip
        found = await Finding.create(branch=branch, item="A03")
        return await Rectification.create(
            finding=found, round=1, assessment=assessment, deducted=20, owner=self.people[side], begun_at=now
        )

    async def weak(self, side: str) -> WeakBranch:
        """One that people have confirmed."""
        branch, now = self.branch(side), self.ctx.now()
        return await WeakBranch.create(
            branch=branch, year=2026, status=WeakStatus.CONFIRMED, live_key=branch.id, facts="x", reason="x",
            confirmed_by=self.people[side], confirmed_at=now, created_at=now,
        )  # fmt: skip

    async def question(self, side: str) -> Question:
        asker = self.world["member" if side == "own" else "other_worker"]
        return await Question.create(
            account=asker.account, text=f"{side}？", kind="none", asked_at=self.ctx.now()
        )

    async def complaint(self, side: str) -> Complaint:
        """One that waits: an answered one is listed no more."""
        sender = self.world["member" if side == "own" else "other_worker"]
        await Complaint.filter(account=sender.account).delete()  # A list shows so many and no more.
        return await Complaint.create(
            lookup=f"L{len(self.made)}{await Complaint.all().count()}", account=sender.account, text=side,
            created_at=self.ctx.now(),
        )  # fmt: skip

    async def record(self, side: str) -> Record:
        """A signed one: what isn't signed only its writers see."""
        values = {"place": side}
        row = await Record.create(
            branch=self.branch(side), template="T09", period="2026-11", year=2026, values=values, revision=2,
            status=RecordStatus.SIGNED, version=1, created_at=self.ctx.now(), saved_at=self.ctx.now(),
        )  # fmt: skip
        await RecordVersion.create(record=row, number=1, values=values, digest="x", signed_at=self.ctx.now())
        return row

    async def showcase(self, side: str) -> Showcase:
        """A nomination that waits for somebody to look."""
        return await Showcase.create(
            code=side, name=side, live_key=side, kind=ShowcaseKind.BRAND, category=SiteCategory.RURAL,
            status=ShowcaseStatus.NOMINATED, organization=self.branch(side), summary="x", learn=["x"],
            nominated_by=self.people[side], since=self.ctx.now().date(), created_at=self.ctx.now(),
        )  # fmt: skip

    async def text(self, side: str) -> Screening:
        await Screening.filter(path=self.branch(side).path).delete()  # A list shows so many and no more.
        return await Screening.create(
            subject=f"complaint:{len(self.made) + 10**6}:text", text="x", path=self.branch(side).path,
            status=ScreeningStatus.REVIEW, created_at=self.ctx.now(),
        )  # fmt: skip


@pytest.fixture
async def things(ctx: Context, world: World) -> Things:
    far_site = await Site.create(
        id="S01", name="乡村课堂", category=SiteCategory.RURAL, town="太河镇",
        owner_id=world.far.parent_id, longitude=118.136, latitude=36.498, capacity=30, opening={},
    )  # fmt: skip
    people = {}
    for side, branch in (("own", world.near), ("other", world.far)):
        people[side] = await Person.create(name="演示", organization=branch)
        await Account.create(app=App.MINI_PROGRAM, openid=f"openid-{side}", person=people[side])
    return Things(ctx, world, {"own": world.site, "other": far_site}, people)


async def gets_at(things: Things, name: str, who: str, side: str) -> bool:
    """Whether a caller gets at what is on that side."""
    row, (method, path) = ROWS[name], name.split(" ")
    ids = await things.ids(side)
    body = row.body(ids) if row.body else None
    answer: Answer = await things.world[who](method, path.format(**ids), body)
    said = answer.body.get("code") if isinstance(answer.body, dict) else None
    if said in CLOSED:
        return False
    return row.listed(answer.body, ids) if row.listed else True


@pytest.mark.parametrize("who", CALLERS)
async def test_everybody_gets_at_their_own_and_nobody_at_anothers(things: Things, who: str) -> None:
    disagree = []
    for name, row in ROWS.items():
        for side, may in (("own", row.own), ("other", row.other)):
            if await gets_at(things, name, who, side) is not (who in may):
                disagree.append((name, side, "should" if who in may else "should not"))
    assert disagree == []


async def test_without_the_reach_the_table_is_red(things: Things, monkeypatch: pytest.MonkeyPatch) -> None:
    district = await Organization.get(code="ZC")

    async def everything(_: Context) -> Reach:
        return Reach(frozenset({Role.TOWN_OFFICER}), (district.path,), frozenset({"S10", "S01"}))

    name = "GET /bookings/{booking_id}"
    assert not await gets_at(things, name, "town", "other")
    monkeypatch.setattr(access, "reach", everything)
    assert await gets_at(things, name, "town", "other")
