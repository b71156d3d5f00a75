"""The assessment of branches: who looks at whom, what they saw, and how far each branch has come."""

from enum import StrEnum
from itertools import pairwise
from typing import Any

from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

from models.organizations import Organization
from models.people import Person


class CycleKind(StrEnum):
    """What a cycle is: a half-year's assessment, a department's batch, a quarter's check, a year's review."""

    HALF_YEAR = "half_year"
    BATCH = "batch"
    QUARTER = "quarter"
    YEAR = "year"


class Cycle(Model):
    """One round of assessments below an organization.

    `book` is the JSON text of the sheets and terms as they were when the cycle was made; `seed` decides what
    is sampled. `number` is the half, the quarter or the batch. Records from `records_from` on are looked at.
    """

    id = fields.IntField(primary_key=True)
    kind = fields.CharEnumField(CycleKind, max_length=10)
    organization: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, on_delete=fields.RESTRICT
    )
    organization_id: int
    year = fields.IntField()
    number = fields.IntField()
    name = fields.CharField(max_length=60)
    records_from = fields.DateField()
    records_until = fields.DateField()
    book = fields.TextField()
    seed = fields.CharField(max_length=32)
    created_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    created_by_id: int | None
    created_at = fields.DatetimeField()
    published_at = fields.DatetimeField(null=True)

    class Meta:
        table = "assessment_cycles"
        unique_together = (("organization", "kind", "year", "number"),)


class Team(Model):
    """Assessors of a cycle under a leader (组长负责制)."""

    id = fields.IntField(primary_key=True)
    cycle: fields.ForeignKeyRelation[Cycle] = fields.ForeignKeyField(
        "models.Cycle", related_name=False, on_delete=fields.CASCADE
    )
    cycle_id: int
    name = fields.CharField(max_length=40)
    leader: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.RESTRICT
    )
    leader_id: int
    members: fields.ReverseRelation["TeamMember"]

    class Meta:
        table = "assessment_teams"
        unique_together = (("cycle", "name"),)


class TeamMember(Model):
    """Somebody on a team, the leader included."""

    id = fields.IntField(primary_key=True)
    team: fields.ForeignKeyRelation[Team] = fields.ForeignKeyField(
        "models.Team", related_name="members", on_delete=fields.CASCADE
    )
    team_id: int
    person: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.RESTRICT
    )
    person_id: int

    class Meta:
        table = "assessment_team_members"
        unique_together = (("team", "person"),)


class AssessmentStage(StrEnum):
    """How far an assessment has come (状态机, 跟踪问效办法 一). The order is the way; none is skipped."""

    PLANNED = "planned"
    ASSESSING = "assessing"
    IN_REVIEW = "in_review"
    TO_FEED_BACK = "to_feed_back"
    FED_BACK = "fed_back"
    TRAINING = "training"
    RECTIFYING = "rectifying"
    TO_ACCEPT = "to_accept"
    ACCEPTED = "accepted"
    STOPPED = "stopped"


LAST = frozenset({AssessmentStage.ACCEPTED, AssessmentStage.STOPPED})
"""Stages that nothing leads out of."""
WAY = tuple(stage for stage in AssessmentStage if stage is not AssessmentStage.STOPPED)
MOVES = frozenset(
    {
        *pairwise(WAY),
        (AssessmentStage.IN_REVIEW, AssessmentStage.ASSESSING),  # 复核退回
        (AssessmentStage.TO_ACCEPT, AssessmentStage.RECTIFYING),  # 验收退回
        *((stage, AssessmentStage.STOPPED) for stage in WAY if stage not in LAST),  # 中止（换届、撤并）
    }
)
"""Every move there is."""


class Assessment(Model):
    """One branch in one cycle. `mark` is what it got, in tenths. `due_at` ends the stage it is in.

    `sample` says which records are looked at; `recused` are those who stepped back (回避).
    `by_leader` is true where the leader decided between two
    assessors that were far apart.
    """

    id = fields.IntField(primary_key=True)
    cycle: fields.ForeignKeyRelation[Cycle] = fields.ForeignKeyField(
        "models.Cycle", related_name=False, on_delete=fields.RESTRICT
    )
    cycle_id: int
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, on_delete=fields.RESTRICT
    )
    branch_id: int
    team: fields.ForeignKeyRelation[Team] = fields.ForeignKeyField(
        "models.Team", related_name=False, on_delete=fields.RESTRICT
    )
    team_id: int
    assessor: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.RESTRICT
    )
    assessor_id: int
    other: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.RESTRICT
    )
    other_id: int
    sheet = fields.CharField(max_length=1)
    stage = fields.CharEnumField(AssessmentStage, max_length=12, default=AssessmentStage.PLANNED)
    moves_made = fields.IntField(default=0)
    sample: Any = fields.JSONField(default=dict)
    recused: Any = fields.JSONField(default=list)
    mark = fields.IntField(null=True)
    by_leader = fields.BooleanField(default=False)
    due_at = fields.DatetimeField(null=True)
    delivered_at = fields.DatetimeField(null=True)
    signed_by: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, null=True, on_delete=fields.SET_NULL
    )
    signed_by_id: int | None
    signed_at = fields.DatetimeField(null=True)

    class Meta:
        table = "assessments"
        unique_together = (("cycle", "branch"),)
        constraints = (
            CheckConstraint(
                check="assessor_id <> other_id AND (mark IS NULL OR (mark >= 0 AND mark <= 1000))",
                name="assessment_by_two",
            ),
        )


class AssessmentMove(Model):
    """A move from one stage to the next: who, when and why. The database knows which moves there are."""

    id = fields.IntField(primary_key=True)
    assessment: fields.ForeignKeyRelation[Assessment] = fields.ForeignKeyField(
        "models.Assessment", related_name=False, on_delete=fields.CASCADE
    )
    assessment_id: int
    sequence = fields.IntField()
    before = fields.CharEnumField(AssessmentStage, max_length=12)
    after = fields.CharEnumField(AssessmentStage, max_length=12)
    person_id = fields.IntField(null=True)
    reason = fields.CharField(max_length=200)
    at = fields.DatetimeField()

    class Meta:
        table = "assessment_moves"
        unique_together = (("assessment", "sequence"),)
        constraints = (
            CheckConstraint(
                check="trim(reason) <> '' AND before || '>' || after IN ("
                + ", ".join(f"'{before}>{after}'" for before, after in sorted(MOVES))
                + ")",
                name="assessment_move_skips_nothing",
            ),
        )


class Observation(Model):
    """Something an assessor wrote down at a branch, named by the phone that wrote it.

    `replaces` are the ids of what it was based on; what nothing replaces, counts. `deducted` is in tenths.
    `late` ones came after the assessor had handed in; they count once the assessment is sent back.
    """

    id = fields.CharField(max_length=36, primary_key=True)
    assessment: fields.ForeignKeyRelation[Assessment] = fields.ForeignKeyField(
        "models.Assessment", related_name=False, on_delete=fields.CASCADE
    )
    assessment_id: int
    assessor: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.RESTRICT
    )
    assessor_id: int
    item = fields.CharField(max_length=3)
    replaces: Any = fields.JSONField(default=list)
    deducted = fields.IntField(default=0)
    rule = fields.CharField(max_length=120, default="")
    fact = fields.CharField(max_length=500, default="")
    evidence = fields.CharField(max_length=500, default="")
    made_at = fields.DatetimeField()
    received_at = fields.DatetimeField()
    late = fields.BooleanField(default=False)

    class Meta:
        table = "assessment_observations"
        indexes = (("assessment_id", "assessor_id"),)
        constraints = (
            CheckConstraint(
                check="deducted = 0 OR (deducted > 0 AND trim(rule) <> '' AND trim(fact) <> ''"
                " AND trim(evidence) <> '')",
                name="observation_deducts_with_evidence",
            ),
        )


class AssessorMark(Model):
    """What one assessor deducted for one item, in tenths, as handed in."""

    id = fields.IntField(primary_key=True)
    assessment: fields.ForeignKeyRelation[Assessment] = fields.ForeignKeyField(
        "models.Assessment", related_name=False, on_delete=fields.CASCADE
    )
    assessment_id: int
    assessor: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name=False, on_delete=fields.RESTRICT
    )
    assessor_id: int
    item = fields.CharField(max_length=3)
    deducted = fields.IntField()
    at = fields.DatetimeField()

    class Meta:
        table = "assessment_assessor_marks"
        unique_together = (("assessment", "assessor", "item"),)


class ItemMark(Model):
    """What was deducted for one item in the end, in tenths, and `recurred` where it was counted again."""

    id = fields.IntField(primary_key=True)
    assessment: fields.ForeignKeyRelation[Assessment] = fields.ForeignKeyField(
        "models.Assessment", related_name=False, on_delete=fields.CASCADE
    )
    assessment_id: int
    item = fields.CharField(max_length=3)
    worth = fields.IntField()
    deducted = fields.IntField()
    recurred = fields.BooleanField(default=False)

    class Meta:
        table = "assessment_item_marks"
        unique_together = (("assessment", "item"),)


class Downgrade(Model):
    """Something that keeps a branch from more than so many stars in a year (D1–D7)."""

    id = fields.IntField(primary_key=True)
    branch: fields.ForeignKeyRelation[Organization] = fields.ForeignKeyField(
        "models.Organization", related_name=False, on_delete=fields.CASCADE
    )
    branch_id: int
    year = fields.IntField()
    code = fields.CharField(max_length=2)
    fact = fields.CharField(max_length=500)
    evidence = fields.CharField(max_length=500)
    noted_by_id = fields.IntField(null=True)
    noted_at = fields.DatetimeField()

    class Meta:
        table = "assessment_downgrades"
        unique_together = (("branch", "year", "code"),)
