from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.weak_branches import WeakStatus
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0019_site_rules')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SelfAssessment',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('assessment', fields.OneToOneField('models.Assessment', source_field='assessment_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('by', fields.ForeignKeyField('models.Person', source_field='by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('saved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('handed_in_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'self_assessments', 'app': 'models', 'pk_attr': 'id', 'table_description': "A branch's own look at its sheet in one cycle: optional, shown to others once `handed_in_at`."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='SelfMark',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('own', fields.ForeignKeyField('models.SelfAssessment', source_field='own_id', db_constraint=True, to_field='id', related_name='marks', on_delete=OnDelete.CASCADE)),
                ('item', fields.CharField(max_length=3)),
                ('deducted', fields.IntField()),
                ('note', fields.CharField(default='', max_length=300)),
                ('taken', fields.BooleanField(default=False)),
            ],
            options={'table': 'self_marks', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What a branch would deduct for one item, in tenths, and why. `taken` from its last look at itself.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WeakBranch',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('year', fields.IntField()),
                ('status', fields.CharEnumField(description='STUDIED: studied\nDISMISSED: dismissed\nCONFIRMED: confirmed\nRECTIFYING: rectifying\nTO_ACCEPT: to_accept\nOFF: off\nKEPT_UP: kept_up', enum_type=WeakStatus, max_length=12)),
                ('live_key', fields.IntField(null=True, unique=True)),
                ('proposed', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('formula', fields.CharField(default='', max_length=300)),
                ('facts', fields.CharField(default='', max_length=500)),
                ('reason', fields.CharField(default='', max_length=500)),
                ('confirmed_by', fields.ForeignKeyField('models.Person', source_field='confirmed_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('confirmed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('scheme', fields.CharField(default='', max_length=600)),
                ('led_by', fields.ForeignKeyField('models.Person', source_field='led_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('until', fields.DateField(null=True)),
                ('evidence', fields.CharField(default='', max_length=1000)),
                ('evidence_by', fields.ForeignKeyField('models.Person', source_field='evidence_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('evidence_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('accepted_by', fields.ForeignKeyField('models.Person', source_field='accepted_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('accepted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'weak_branches', 'app': 'models', 'indexes': [Index(fields=['branch_id', 'status'])], 'pk_attr': 'id', 'table_description': 'One time that a branch was looked at as 软弱涣散, from the proposal to its end.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WeakFinding',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('weak', fields.ForeignKeyField('models.WeakBranch', source_field='weak_id', db_constraint=True, to_field='id', related_name='findings', on_delete=OnDelete.CASCADE)),
                ('finding', fields.ForeignKeyField('models.Finding', source_field='finding_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'weak_findings', 'app': 'models', 'unique_together': (('weak', 'finding'),), 'pk_attr': 'id', 'table_description': 'A finding that the plan of such a branch is to put right.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Complaint',
            name='named',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        # A check named in CreateModel would not reach the database; adding one makes an SQLite table anew,
        # without what was unique in it, so that comes last.
        ops.AddConstraint(
            model_name='SelfMark',
            constraint=CheckConstraint(check='deducted >= 0 AND deducted <= 1000', name='self_mark_is_tenths'),
        ),
        ops.AddConstraint(
            model_name='SelfMark',
            constraint=UniqueConstraint(fields=('own', 'item',)),
        ),
        ops.AddConstraint(
            model_name='WeakBranch',
            constraint=CheckConstraint(check="(status IN ('studied', 'dismissed') OR (confirmed_by_id IS NOT NULL AND confirmed_at IS NOT NULL AND trim(reason) <> '')) AND (status NOT IN ('rectifying', 'to_accept', 'off', 'kept_up') OR (led_by_id IS NOT NULL AND trim(scheme) <> '' AND until IS NOT NULL)) AND (status NOT IN ('to_accept', 'off', 'kept_up') OR (trim(evidence) <> '' AND evidence_by_id IS NOT NULL AND evidence_at IS NOT NULL)) AND (status NOT IN ('off', 'kept_up') OR (accepted_by_id IS NOT NULL AND accepted_at IS NOT NULL AND accepted_at >= evidence_at AND accepted_by_id <> led_by_id AND accepted_by_id <> evidence_by_id)) AND (status IN ('studied', 'confirmed', 'rectifying', 'to_accept')) = (live_key IS NOT NULL)", name='weak_branch_off_rightly'),
        ),
    ]
