from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0003_entry_drafts_and_regulations')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LessonTally',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('lesson', fields.ForeignKeyField('models.Lesson', source_field='lesson_id', db_constraint=True, to_field='id', related_name='tallies', on_delete=OnDelete.CASCADE)),
                ('question', fields.IntField()),
                ('answered', fields.IntField(default=0)),
                ('right', fields.IntField(default=0)),
            ],
            options={'table': 'lesson_tallies', 'app': 'models', 'unique_together': (('lesson', 'question'),), 'pk_attr': 'id', 'table_description': "How often one quiz question was answered, and how often rightly: nobody's name is kept with it."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MassJob',
            fields=[
                ('message_id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('finished_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
                ('succeeded', fields.BooleanField()),
                ('reason', fields.CharField(default='', max_length=120)),
                ('total', fields.IntField(default=0)),
                ('filtered', fields.IntField(default=0)),
                ('sent', fields.IntField(default=0)),
                ('failed', fields.IntField(default=0)),
            ],
            options={'table': 'mass_jobs', 'app': 'models', 'pk_attr': 'message_id', 'table_description': 'What WeChat reported of one mass message, ours or one that staff sent by hand.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PracticeCard',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', db_constraint=True, to_field='id', related_name='practice_cards', on_delete=OnDelete.CASCADE)),
                ('item', fields.CharField(max_length=40)),
                ('state', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'practice_cards', 'app': 'models', 'unique_together': (('account', 'item'),), 'pk_attr': 'id', 'table_description': 'One thing that comes back to one learner: a quiz question (`q:L07:3`) or an entry (`e:<code>`).'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Consent',
            name='told_by_app',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Consent',
            name='told_by_event',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Delivery',
            name='confirmed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name='Delivery',
            index=Index(fields=['message_id']),
        ),
        ops.AddConstraint(
            model_name='Delivery',
            constraint=UniqueConstraint(fields=('week', 'account'), name=None),
        ),
        ops.AddField(
            model_name='Lesson',
            name='fingerprint',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='Lesson',
            name='withdrawn_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterModelOptions(
            name='LessonWeek',
            options={'table': 'lesson_weeks', 'app': 'models', 'pk_attr': 'friday', 'table_description': 'The lesson of one Friday. A person put a `pinned` one there: the planner lets it be.'},
        ),
        ops.AddField(
            model_name='LessonWeek',
            name='pinned',
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
