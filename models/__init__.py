"""What the service remembers."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import tortoise.backends.sqlite.executor  # noqa: F401 (registers adapters that ours replace)

from models.assessments import (
    Assessment,
    AssessmentMove,
    AssessmentStage,
    AssessorMark,
    Cycle,
    CycleKind,
    Downgrade,
    ItemMark,
    Observation,
    Team,
    TeamMember,
)
from models.audit import AuditEntry
from models.callbacks import Callback, Notice
from models.findings import (
    DueReminder,
    Finding,
    PrintedReport,
    PrintRun,
    Rectification,
    RectificationKind,
    RectificationStatus,
)
from models.funds import Claim, ClaimStatus, Fund, Payment, Receipt
from models.learning import LessonTally, PracticeCard
from models.lessons import SINGLE, Channel, Delivery, DeliveryStatus, Lesson, LessonWeek, MassJob
from models.organizations import Organization, OrganizationKind, Scope
from models.people import Account, App, Consent, Duty, Membership, Person, Role
from models.questions import Complaint, Entry, EntryDraft, EntryStatus, EntryVersion, Question
from models.regulations import Article, Regulation
from models.rehearsals import Rehearsal, RehearsalEvent, RehearsalSeat
from models.reminders import Reminder, ReminderKind, ReminderStatus
from models.requests import IdempotencyKey
from models.scans import ScanNonce, UploadedScan
from models.screenings import Screening, ScreeningStatus
from models.sites import (
    HOLDING,
    LIVE,
    Booking,
    BookingStatus,
    CheckIn,
    RefusedScan,
    Site,
    SiteCategory,
    SiteStatus,
    Slot,
)

__all__ = [
    "HOLDING",
    "LIVE",
    "SINGLE",
    "Account",
    "App",
    "Article",
    "Assessment",
    "AssessmentMove",
    "AssessmentStage",
    "AssessorMark",
    "AuditEntry",
    "Booking",
    "BookingStatus",
    "Callback",
    "Channel",
    "CheckIn",
    "Claim",
    "ClaimStatus",
    "Complaint",
    "Consent",
    "Cycle",
    "CycleKind",
    "Delivery",
    "DeliveryStatus",
    "Downgrade",
    "DueReminder",
    "Duty",
    "Entry",
    "EntryDraft",
    "EntryStatus",
    "EntryVersion",
    "Finding",
    "Fund",
    "IdempotencyKey",
    "ItemMark",
    "Lesson",
    "LessonTally",
    "LessonWeek",
    "MassJob",
    "Membership",
    "Notice",
    "Observation",
    "Organization",
    "OrganizationKind",
    "Payment",
    "Person",
    "PracticeCard",
    "PrintRun",
    "PrintedReport",
    "Question",
    "Receipt",
    "Rectification",
    "RectificationKind",
    "RectificationStatus",
    "RefusedScan",
    "Regulation",
    "Rehearsal",
    "RehearsalEvent",
    "RehearsalSeat",
    "Reminder",
    "ReminderKind",
    "ReminderStatus",
    "Role",
    "ScanNonce",
    "Scope",
    "Screening",
    "ScreeningStatus",
    "Site",
    "SiteCategory",
    "SiteStatus",
    "Slot",
    "Team",
    "TeamMember",
    "UploadedScan",
    "tortoise_config",
]


# SQLite compares times as text, so every time is written in UTC and at full length.
sqlite3.register_adapter(
    datetime, lambda time: time.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
)


def tortoise_config(database_url: str, *, pool: int = 10) -> dict[str, Any]:
    """Tortoise's configuration for one database.

    SQLite waits up to 5 s for another process's write lock; PostgreSQL pools up to `pool` connections.
    """
    # The connection is named after the dialect because Tortoise caches SQL under that name.
    if database_url.startswith("sqlite"):
        name, url = "sqlite", f"{database_url}?busy_timeout=5000&synchronous=NORMAL"
    else:
        name = "postgresql"
        url = f"{database_url}{'&' if '?' in database_url else '?'}minsize=1&maxsize={pool}"
    return {
        "connections": {name: url},
        "apps": {"models": {"models": ["models"], "migrations": "migrations", "default_connection": name}},
        "use_tz": True,
        "timezone": "UTC",
    }


# Tortoise's own command line looks for a finished configuration; `makemigrations` reads no database.
TORTOISE_FOR_MIGRATIONS = tortoise_config("sqlite://:memory:")
