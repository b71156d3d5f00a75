from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.assessments import AssessmentStage, CycleKind
from models.findings import RectificationKind, RectificationStatus
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0014_records')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Cycle',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('kind', fields.CharEnumField(description='HALF_YEAR: half_year\nBATCH: batch\nQUARTER: quarter\nYEAR: year', enum_type=CycleKind, max_length=10)),
                ('organization', fields.ForeignKeyField('models.Organization', source_field='organization_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('year', fields.IntField()),
                ('number', fields.IntField()),
                ('name', fields.CharField(max_length=60)),
                ('records_from', fields.DateField()),
                ('records_until', fields.DateField()),
                ('book', fields.TextField(unique=False)),
                ('seed', fields.CharField(max_length=32)),
                ('created_by', fields.ForeignKeyField('models.Person', source_field='created_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('published_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assessment_cycles', 'app': 'models', 'unique_together': (('organization', 'kind', 'year', 'number'),), 'pk_attr': 'id', 'table_description': 'One round of assessments below an organization.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Downgrade',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('year', fields.IntField()),
                ('code', fields.CharField(max_length=2)),
                ('fact', fields.CharField(max_length=500)),
                ('evidence', fields.CharField(max_length=500)),
                ('noted_by_id', fields.IntField(null=True)),
                ('noted_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assessment_downgrades', 'app': 'models', 'unique_together': (('branch', 'year', 'code'),), 'pk_attr': 'id', 'table_description': 'Something that keeps a branch from more than so many stars in a year (D1–D7).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Finding',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('item', fields.CharField(max_length=3)),
                ('round', fields.IntField(default=1)),
            ],
            options={'table': 'findings', 'app': 'models', 'unique_together': (('branch', 'item'),), 'pk_attr': 'id', 'table_description': 'A kind of problem of a branch: one row for ever, so that one that comes back is the same one again.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PrintRun',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('cycle_id', fields.IntField()),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('asked_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assessment_print_runs', 'app': 'models', 'pk_attr': 'id', 'table_description': "Reports of a cycle's branches that are being printed. The clock works through them."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Team',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('cycle', fields.ForeignKeyField('models.Cycle', source_field='cycle_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=40)),
                ('leader', fields.ForeignKeyField('models.Person', source_field='leader_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'assessment_teams', 'app': 'models', 'unique_together': (('cycle', 'name'),), 'pk_attr': 'id', 'table_description': 'Assessors of a cycle under a leader (组长负责制).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Assessment',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('cycle', fields.ForeignKeyField('models.Cycle', source_field='cycle_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('team', fields.ForeignKeyField('models.Team', source_field='team_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('assessor', fields.ForeignKeyField('models.Person', source_field='assessor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('other', fields.ForeignKeyField('models.Person', source_field='other_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('sheet', fields.CharField(max_length=1)),
                ('stage', fields.CharEnumField(default=AssessmentStage.PLANNED, description='PLANNED: planned\nASSESSING: assessing\nIN_REVIEW: in_review\nTO_FEED_BACK: to_feed_back\nFED_BACK: fed_back\nTRAINING: training\nRECTIFYING: rectifying\nTO_ACCEPT: to_accept\nACCEPTED: accepted\nSTOPPED: stopped', enum_type=AssessmentStage, max_length=12)),
                ('moves_made', fields.IntField(default=0)),
                ('sample', fields.JSONField(default=dict, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('recused', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('mark', fields.IntField(null=True)),
                ('by_leader', fields.BooleanField(default=False)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('delivered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('signed_by', fields.ForeignKeyField('models.Person', source_field='signed_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('signed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assessments', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One branch in one cycle. `mark` is what it got, in tenths. `due_at` ends the stage it is in.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AssessmentMove',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('assessment', fields.ForeignKeyField('models.Assessment', source_field='assessment_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('sequence', fields.IntField()),
                ('before', fields.CharEnumField(description='PLANNED: planned\nASSESSING: assessing\nIN_REVIEW: in_review\nTO_FEED_BACK: to_feed_back\nFED_BACK: fed_back\nTRAINING: training\nRECTIFYING: rectifying\nTO_ACCEPT: to_accept\nACCEPTED: accepted\nSTOPPED: stopped', enum_type=AssessmentStage, max_length=12)),
                ('after', fields.CharEnumField(description='PLANNED: planned\nASSESSING: assessing\nIN_REVIEW: in_review\nTO_FEED_BACK: to_feed_back\nFED_BACK: fed_back\nTRAINING: training\nRECTIFYING: rectifying\nTO_ACCEPT: to_accept\nACCEPTED: accepted\nSTOPPED: stopped', enum_type=AssessmentStage, max_length=12)),
                ('person_id', fields.IntField(null=True)),
                ('reason', fields.CharField(max_length=200)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assessment_moves', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A move from one stage to the next: who, when and why. The database knows which moves there are.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='AssessorMark',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('assessment', fields.ForeignKeyField('models.Assessment', source_field='assessment_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('assessor', fields.ForeignKeyField('models.Person', source_field='assessor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('item', fields.CharField(max_length=3)),
                ('deducted', fields.IntField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'assessment_assessor_marks', 'app': 'models', 'unique_together': (('assessment', 'assessor', 'item'),), 'pk_attr': 'id', 'table_description': 'What one assessor deducted for one item, in tenths, as handed in.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ItemMark',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('assessment', fields.ForeignKeyField('models.Assessment', source_field='assessment_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('item', fields.CharField(max_length=3)),
                ('worth', fields.IntField()),
                ('deducted', fields.IntField()),
                ('recurred', fields.BooleanField(default=False)),
            ],
            options={'table': 'assessment_item_marks', 'app': 'models', 'unique_together': (('assessment', 'item'),), 'pk_attr': 'id', 'table_description': 'What was deducted for one item in the end, in tenths, and `recurred` where it was counted again.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Observation',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=36)),
                ('assessment', fields.ForeignKeyField('models.Assessment', source_field='assessment_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('assessor', fields.ForeignKeyField('models.Person', source_field='assessor_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('item', fields.CharField(max_length=3)),
                ('replaces', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('deducted', fields.IntField(default=0)),
                ('rule', fields.CharField(default='', max_length=120)),
                ('fact', fields.CharField(default='', max_length=500)),
                ('evidence', fields.CharField(default='', max_length=500)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('received_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('late', fields.BooleanField(default=False)),
            ],
            options={'table': 'assessment_observations', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Something an assessor wrote down at a branch, named by the phone that wrote it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PrintedReport',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('run', fields.ForeignKeyField('models.PrintRun', source_field='run_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('assessment', fields.ForeignKeyField('models.Assessment', source_field='assessment_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('content', fields.BinaryField(null=True)),
            ],
            options={'table': 'assessment_printed_reports', 'app': 'models', 'unique_together': (('run', 'assessment'),), 'pk_attr': 'id', 'table_description': "One branch's report of a run. `content` is null until it is made."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Rectification',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('finding', fields.ForeignKeyField('models.Finding', source_field='finding_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('round', fields.IntField()),
                ('assessment', fields.ForeignKeyField('models.Assessment', source_field='assessment_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('status', fields.CharEnumField(default=RectificationStatus.TO_DO, description='TO_DO: to_do\nUNDER_WAY: under_way\nTO_TOWN: to_town\nTO_DISTRICT: to_district\nCLOSED: closed\nRETURNED: returned\nNEEDS_HELP: needs_help\nNOT_UPHELD: not_upheld\nCARRIED: carried', enum_type=RectificationStatus, max_length=12)),
                ('version', fields.IntField(default=1)),
                ('deducted', fields.IntField()),
                ('faults', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('kind', fields.CharEnumField(default=RectificationKind.LIMITED, description='AT_ONCE: at_once\nLIMITED: limited\nLASTING: lasting', enum_type=RectificationKind, max_length=8)),
                ('owner', fields.ForeignKeyField('models.Person', source_field='owner_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('measure', fields.CharField(default='', max_length=300)),
                ('begun_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('trained_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('evidence', fields.CharField(default='', max_length=1000)),
                ('evidence_by', fields.ForeignKeyField('models.Person', source_field='evidence_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('evidence_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('town_by', fields.ForeignKeyField('models.Person', source_field='town_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('town_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('district_sampled', fields.IntField(default=0)),
                ('district_by', fields.ForeignKeyField('models.Person', source_field='district_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('district_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('accept_due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('closed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(default='', max_length=300)),
                ('objection', fields.CharField(default='', max_length=500)),
                ('objected_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('objection_due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('objection_answer', fields.CharField(default='', max_length=500)),
                ('answered_by_id', fields.IntField(null=True)),
                ('answered_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'rectifications', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One round of putting a finding right: one owner, one measure, one term, its proof, who accepted it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DueReminder',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('rectification', fields.ForeignKeyField('models.Rectification', source_field='rectification_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(max_length=10)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('told_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'due_reminders', 'app': 'models', 'unique_together': (('person', 'rectification', 'kind', 'due_at'),), 'pk_attr': 'id', 'table_description': 'That somebody is told of a due date: once for each date, reason and person.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='TeamMember',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('team', fields.ForeignKeyField('models.Team', source_field='team_id', db_constraint=True, to_field='id', related_name='members', on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'assessment_team_members', 'app': 'models', 'unique_together': (('team', 'person'),), 'pk_attr': 'id', 'table_description': 'Somebody on a team, the leader included.'},
            bases=['Model'],
        ),
        # Checks named in CreateModel would not reach the database; adding one makes an SQLite table anew,
        # without what was unique in it, so that comes last.
        ops.AddConstraint(
            model_name='Assessment',
            constraint=CheckConstraint(check='assessor_id <> other_id AND (mark IS NULL OR (mark >= 0 AND mark <= 1000))', name='assessment_by_two'),
        ),
        ops.AddConstraint(
            model_name='AssessmentMove',
            constraint=CheckConstraint(check="trim(reason) <> '' AND before || '>' || after IN ('assessing>in_review', 'assessing>stopped', 'fed_back>stopped', 'fed_back>training', 'in_review>assessing', 'in_review>stopped', 'in_review>to_feed_back', 'planned>assessing', 'planned>stopped', 'rectifying>stopped', 'rectifying>to_accept', 'to_accept>accepted', 'to_accept>rectifying', 'to_accept>stopped', 'to_feed_back>fed_back', 'to_feed_back>stopped', 'training>rectifying', 'training>stopped')", name='assessment_move_skips_nothing'),
        ),
        ops.AddConstraint(
            model_name='Observation',
            constraint=CheckConstraint(check="deducted = 0 OR (deducted > 0 AND trim(rule) <> '' AND trim(fact) <> '' AND trim(evidence) <> '')", name='observation_deducts_with_evidence'),
        ),
        ops.AddConstraint(
            model_name='Rectification',
            constraint=CheckConstraint(check="(status <> 'closed' OR (owner_id IS NOT NULL AND trim(evidence) <> '' AND evidence_by_id IS NOT NULL AND evidence_at IS NOT NULL AND closed_at IS NOT NULL AND town_by_id IS NOT NULL AND town_at IS NOT NULL AND town_at >= evidence_at AND town_by_id <> owner_id AND town_by_id <> evidence_by_id)) AND (status <> 'closed' OR district_sampled = 0 OR (district_by_id IS NOT NULL AND district_at IS NOT NULL AND district_by_id <> owner_id AND district_by_id <> evidence_by_id AND district_by_id <> town_by_id)) AND (status <> 'not_upheld' OR (trim(objection) <> '' AND trim(objection_answer) <> '' AND answered_by_id IS NOT NULL AND answered_at IS NOT NULL)) AND district_sampled IN (0, 1)", name='rectification_closed_rightly'),
        ),
        ops.AddConstraint(
            model_name='Assessment',
            constraint=UniqueConstraint(fields=('cycle', 'branch',)),
        ),
        ops.AddConstraint(
            model_name='AssessmentMove',
            constraint=UniqueConstraint(fields=('assessment', 'sequence',)),
        ),
        ops.AddConstraint(
            model_name='Rectification',
            constraint=UniqueConstraint(fields=('finding', 'round',)),
        ),
        ops.AddIndex(
            model_name='Observation',
            index=Index(fields=['assessment_id', 'assessor_id']),
        ),
        ops.AddIndex(
            model_name='Rectification',
            index=Index(fields=['assessment_id', 'status']),
        ),
    ]
