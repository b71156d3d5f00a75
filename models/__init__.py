"""What the service remembers."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import models.comparisons  # noqa: F401 (before any model)

# isort: split
import tortoise.backends.sqlite.executor  # noqa: F401 (registers adapters that ours replace)
from tortoise.backends.base.config_generator import expand_db_url

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
from models.complaints import Complaint, ComplaintEvent, ComplaintStatus
from models.findings import (
    DueReminder,
    Finding,
    PrintedReport,
    PrintRun,
    Rectification,
    RectificationKind,
    RectificationStatus,
)
from models.funds import (
    PROMISED,
    BatchStatus,
    Claim,
    ClaimStatus,
    Fund,
    Payment,
    PaymentBatch,
    Receipt,
    ReceiptPurpose,
)
from models.handbook_terms import HandbookTerms
from models.learning import LessonTally, PracticeCard
from models.lessons import (
    SINGLE,
    Channel,
    Delivery,
    DeliveryStatus,
    Lesson,
    LessonCover,
    LessonWeek,
    MassJob,
    ServedMark,
)
from models.measures import Measure, MeasureIssue, MeasureKind, MeasureStatus
from models.organizations import Organization, OrganizationKind, Scope
from models.people import Account, App, Consent, Duty, Membership, Person, Role
from models.place_images import PlaceImage
from models.questions import Entry, EntryDraft, EntryStatus, EntryVersion, Question
from models.ratings import Rating
from models.records import (
    BranchFeed,
    DutyReminder,
    Record,
    RecordAttachment,
    RecordSetAside,
    RecordStatus,
    RecordVersion,
)
from models.regulations import Article, Regulation
from models.rehearsals import Rehearsal, RehearsalEvent, RehearsalSeat
from models.reminders import Reminder, ReminderKind, ReminderStatus
from models.requests import IdempotencyKey
from models.rotations import (
    ROTATION_AHEAD,
    ROTATION_MENTORED,
    Rotation,
    RotationRound,
    RotationStatus,
    RotationSwap,
    SwapStatus,
)
from models.scans import ScanNonce, UploadedScan
from models.screenings import Screening, ScreeningStatus
from models.self_assessments import SelfAssessment, SelfMark
from models.showcase import ON_LIST, Showcase, ShowcaseKind, ShowcaseLevel, ShowcaseStatus
from models.sites import (
    EFFECTIVE,
    HOLDING,
    LIVE,
    Booking,
    BookingStatus,
    CheckIn,
    Guest,
    RefusedScan,
    Site,
    SiteCategory,
    SiteChanges,
    SiteService,
    SiteStatus,
    Slot,
)
from models.trainings import (
    Attendance,
    Enrolment,
    EnrolmentStatus,
    Trainee,
    Training,
    TrainingRecord,
    TrainingSession,
    TrainingStatus,
)
from models.transitions import Transition
from models.weak_branches import WeakBranch, WeakFinding, WeakStatus
from models.workers import (
    FILING_OPEN,
    Filing,
    FilingKind,
    FilingStatus,
    Placement,
    StaffQuota,
    Worker,
    WorkerCheck,
    WorkerCorrection,
    WorkerField,
    WorkerReminder,
    WorkerRule,
)

__all__ = [
    "EFFECTIVE",
    "FILING_OPEN",
    "HOLDING",
    "LIVE",
    "ON_LIST",
    "PROMISED",
    "ROTATION_AHEAD",
    "ROTATION_MENTORED",
    "SINGLE",
    "Account",
    "App",
    "Article",
    "Assessment",
    "AssessmentMove",
    "AssessmentStage",
    "AssessorMark",
    "Attendance",
    "AuditEntry",
    "BatchStatus",
    "Booking",
    "BookingStatus",
    "BranchFeed",
    "Callback",
    "Channel",
    "CheckIn",
    "Claim",
    "ClaimStatus",
    "Complaint",
    "ComplaintEvent",
    "ComplaintStatus",
    "Consent",
    "Cycle",
    "CycleKind",
    "Delivery",
    "DeliveryStatus",
    "Downgrade",
    "DueReminder",
    "Duty",
    "DutyReminder",
    "Enrolment",
    "EnrolmentStatus",
    "Entry",
    "EntryDraft",
    "EntryStatus",
    "EntryVersion",
    "Filing",
    "FilingKind",
    "FilingStatus",
    "Finding",
    "Fund",
    "Guest",
    "HandbookTerms",
    "IdempotencyKey",
    "ItemMark",
    "Lesson",
    "LessonCover",
    "LessonTally",
    "LessonWeek",
    "MassJob",
    "Measure",
    "MeasureIssue",
    "MeasureKind",
    "MeasureStatus",
    "Membership",
    "Notice",
    "Observation",
    "Organization",
    "OrganizationKind",
    "Payment",
    "PaymentBatch",
    "Person",
    "PlaceImage",
    "Placement",
    "PracticeCard",
    "PrintRun",
    "PrintedReport",
    "Question",
    "Rating",
    "Receipt",
    "ReceiptPurpose",
    "Record",
    "RecordAttachment",
    "RecordSetAside",
    "RecordStatus",
    "RecordVersion",
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
    "Rotation",
    "RotationRound",
    "RotationStatus",
    "RotationSwap",
    "ScanNonce",
    "Scope",
    "Screening",
    "ScreeningStatus",
    "SelfAssessment",
    "SelfMark",
    "ServedMark",
    "Showcase",
    "ShowcaseKind",
    "ShowcaseLevel",
    "ShowcaseStatus",
    "Site",
    "SiteCategory",
    "SiteChanges",
    "SiteService",
    "SiteStatus",
    "Slot",
    "StaffQuota",
    "SwapStatus",
    "Team",
    "TeamMember",
    "Trainee",
    "Training",
    "TrainingRecord",
    "TrainingSession",
    "TrainingStatus",
    "Transition",
    "UploadedScan",
    "WeakBranch",
    "WeakFinding",
    "WeakStatus",
    "Worker",
    "WorkerCheck",
    "WorkerCorrection",
    "WorkerField",
    "WorkerReminder",
    "WorkerRule",
    "tortoise_config",
]


# SQLite compares times as text, so every time is written in UTC and at full length.
sqlite3.register_adapter(
    datetime, lambda time: time.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
)


def tortoise_config(database_url: str, *, pool: int = 10) -> dict[str, Any]:
    """Tortoise's configuration for one database.

    SQLite waits up to 5 s for another process's write lock, and no commit makes a checkpoint (see
    handlers/checkpoints); PostgreSQL pools up to `pool` connections.
    """
    # The connection is named after the dialect because Tortoise caches SQL under that name.
    if database_url.startswith("sqlite"):
        name = "sqlite"
        pragmas = "busy_timeout=5000&synchronous=NORMAL&wal_autocheckpoint=0&journal_size_limit=-1"
        connection = expand_db_url(f"{database_url}?{pragmas}")
    else:
        from models.postgresql import Connection  # Only here: with SQLite it would be memory for nothing.

        name = "postgresql"
        more = "&" if "?" in database_url else "?"
        connection = expand_db_url(f"{database_url}{more}minsize=1&maxsize={pool}")
        connection["credentials"]["connection_class"] = Connection
    return {
        "connections": {name: connection},
        "apps": {"models": {"models": ["models"], "migrations": "migrations", "default_connection": name}},
        "use_tz": True,
        "timezone": "UTC",
    }


# Tortoise's own command line looks for a finished configuration; `makemigrations` reads no database.
TORTOISE_FOR_MIGRATIONS = tortoise_config("sqlite://:memory:")
