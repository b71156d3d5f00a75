from tortoise import migrations
from tortoise.migrations import operations as ops
from models.funds import BatchStatus, ClaimStatus, ReceiptPurpose
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint


class Described(ops.AlterField):
    """A field that is only described otherwise: the column stays as it is.

    On SQLite, altering a field drops the table, and with it, by their foreign keys, the rows that lead there.
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


THREE_PEOPLE = 'reviewed_by_id <> submitted_by_id AND reviewed_by_id <> approved_by_id'
ELSEWHERE = 'reviewed_from_id <> branch_id AND approved_from_id <> branch_id'


class Migration(migrations.Migration):
    dependencies = [('models', '0010_site_keeping')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PaymentBatch',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('fund', fields.ForeignKeyField('models.Fund', source_field='fund_id', db_constraint=True, to_field='id', related_name='batches', on_delete=OnDelete.RESTRICT)),
                ('year', fields.IntField()),
                ('quarter', fields.IntField()),
                ('status', fields.CharEnumField(default=BatchStatus.OPEN, description='OPEN: open\nPAID: paid', enum_type=BatchStatus, max_length=8)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('paid_by_id', fields.IntField(null=True)),
                ('paid_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'payment_batches', 'app': 'models', 'unique_together': (('fund', 'year', 'quarter'),), 'pk_attr': 'id', 'table_description': "What a fund pays in a quarter, all at once: the claims that were approved up to the quarter's end."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Rating',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='ratings', on_delete=OnDelete.CASCADE)),
                ('key', fields.CharField(unique=True, max_length=64)),
                ('stars', fields.IntField()),
                ('text', fields.CharField(default='', max_length=200)),
                ('day', fields.DateField()),
            ],
            options={'table': 'ratings', 'app': 'models', 'pk_attr': 'id', 'table_description': "One person's word on one visit. `key` is a digest under our secret: the same person is known again"},
            bases=['Model'],
        ),
        ops.AddConstraint(
            model_name='Rating',
            constraint=CheckConstraint(check='stars BETWEEN 1 AND 5', name='rating_of_one_to_five'),
        ),
        Described(
            model_name='Claim',
            name='status',
            field=fields.CharEnumField(description='SUBMITTED: submitted\nREVIEWED: reviewed\nRETURNED: returned\nAPPROVED: approved\nBATCHED: batched\nREJECTED: rejected\nPAID: paid', enum_type=ClaimStatus, max_length=12),
        ),
        ops.AddField(
            model_name='Claim',
            name='batch',
            field=fields.ForeignKeyField('models.PaymentBatch', source_field='batch_id', null=True, db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT),
        ),
        ops.AddField(
            model_name='Claim',
            name='closed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Claim',
            name='reviewed_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        AddChecked(
            model_name='Claim',
            name='reviewed_by',
            field=fields.ForeignKeyField('models.Person', source_field='reviewed_by_id', null=True, db_constraint=True, to_field='id', related_name='claims_reviewed', on_delete=OnDelete.SET_NULL),
            sqlite=f'ALTER TABLE "claims" ADD COLUMN "reviewed_by_id" INT REFERENCES "people" ("id") ON DELETE SET NULL CONSTRAINT "claim_reviewed_by_a_third" CHECK ({THREE_PEOPLE})',
        ),
        AddCheck(
            model_name='Claim',
            constraint=CheckConstraint(check=THREE_PEOPLE, name='claim_reviewed_by_a_third'),
        ),
        ops.AddField(
            model_name='Claim',
            name='reviewed_from_id',
            field=fields.IntField(null=True),
        ),
        AddChecked(
            model_name='Claim',
            name='approved_from_id',
            field=fields.IntField(null=True),
            sqlite=f'ALTER TABLE "claims" ADD COLUMN "approved_from_id" INT CONSTRAINT "claim_decided_elsewhere" CHECK ({ELSEWHERE})',
        ),
        AddCheck(
            model_name='Claim',
            constraint=CheckConstraint(check=ELSEWHERE, name='claim_decided_elsewhere'),
        ),
        ops.AddField(
            model_name='Receipt',
            name='image',
            field=fields.CharField(default='', db_default='', max_length=40),
        ),
        ops.AddField(
            model_name='Receipt',
            name='purpose',
            field=fields.CharEnumField(null=True, description='VENUE: venue\nGUIDE: guide\nMATERIAL: material\nTRANSPORT: transport\nMEAL: meal', enum_type=ReceiptPurpose, max_length=12),
        ),
    ]
