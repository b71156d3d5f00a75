from tortoise import migrations
from tortoise.migrations import operations as ops
from models.complaints import ComplaintStatus
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint


class Described(ops.AlterField):
    """A field that is only described otherwise: the column stays as it is.

    On SQLite, altering a field would make the table anew.
    """

    async def database_forward(self, *_):
        return None

    database_backward = database_forward


class AddChecked(ops.AddField):
    """A field whose column brings its check along on SQLite, where a check can't come later but by a new table."""

    def __init__(self, model_name, name, field, *, sqlite):
        super().__init__(model_name, name, field)
        self.sqlite = sqlite

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None and state_editor.DIALECT == 'sqlite':
            await state_editor._run_sql(self.sqlite)
        else:
            await super().database_forward(app_label, old_state, new_state, state_editor)


class AddCheck(ops.AddConstraint):
    """A check that came with its column on SQLite."""

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None and state_editor.DIALECT != 'sqlite':
            await super().database_forward(app_label, old_state, new_state, state_editor)


ENDED_IN_WORDS = (
    "status IN ('received', 'answered', 'closed')"
    " AND (status = 'received' OR (trim(answer) <> '' AND answered_at IS NOT NULL))"
)


class Migration(migrations.Migration):
    dependencies = [('models', '0017_showcase')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ComplaintEvent',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('complaint', fields.ForeignKeyField('models.Complaint', source_field='complaint_id', db_constraint=True, to_field='id', related_name='events', on_delete=OnDelete.CASCADE)),
                ('round', fields.IntField()),
                ('kind', fields.CharField(max_length=10)),
                ('text', fields.CharField(max_length=1000)),
                ('office', fields.ForeignKeyField('models.Organization', source_field='office_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('ends_round', fields.IntField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'complaint_events', 'app': 'models', 'pk_attr': 'id', 'table_description': "One step of a complaint's way, for the sender to read: forwarded, answered, closed, taken up again."},
            bases=['Model'],
        ),
        Described(
            model_name='Complaint',
            name='status',
            field=fields.CharEnumField(default=ComplaintStatus.RECEIVED, description='RECEIVED: received\nANSWERED: answered\nCLOSED: closed', enum_type=ComplaintStatus, max_length=10),
        ),
        ops.AddField(
            model_name='Complaint',
            name='office',
            field=fields.ForeignKeyField('models.Organization', source_field='office_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL),
        ),
        ops.AddField(
            model_name='Complaint',
            name='reopened_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        AddChecked(
            model_name='Complaint',
            name='round',
            field=fields.IntField(default=1, db_default=1),
            sqlite=f'ALTER TABLE "complaints" ADD COLUMN "round" INT NOT NULL DEFAULT 1 CONSTRAINT "complaint_ended_in_words" CHECK ({ENDED_IN_WORDS})',
        ),
        AddCheck(
            model_name='Complaint',
            constraint=CheckConstraint(check=ENDED_IN_WORDS, name='complaint_ended_in_words'),
        ),
        # A check named in CreateModel would not reach the database; adding one makes an SQLite table anew,
        # without what was unique in it, so that comes last.
        ops.AddConstraint(
            model_name='ComplaintEvent',
            constraint=CheckConstraint(check="kind IN ('forwarded', 'answered', 'closed', 'reopened') AND trim(text) <> '' AND (kind IN ('answered', 'closed')) = (ends_round IS NOT NULL) AND (ends_round IS NULL OR ends_round = round)", name='complaint_event_in_words'),
        ),
        ops.AddConstraint(
            model_name='ComplaintEvent',
            constraint=UniqueConstraint(fields=('complaint', 'ends_round',)),
        ),
    ]
