from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.funds import ClaimStatus
from models.screenings import ScreeningStatus
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0004_lesson_receipts_and_practice')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Fund',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('organization', fields.ForeignKeyField('models.Organization', source_field='organization_id', db_constraint=True, to_field='id', related_name='funds', on_delete=OnDelete.RESTRICT)),
                ('year', fields.IntField()),
                ('budget', fields.BigIntField()),
                ('per_head', fields.BigIntField()),
                ('cap', fields.BigIntField()),
                ('committed', fields.BigIntField(default=0)),
                ('paid', fields.BigIntField(default=0)),
            ],
            options={'table': 'funds', 'app': 'models', 'pk_attr': 'id', 'table_description': "One year's money of an organization, for the branches below it. All amounts are fen."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Claim',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('fund', fields.ForeignKeyField('models.Fund', source_field='fund_id', db_constraint=True, to_field='id', related_name='claims', on_delete=OnDelete.RESTRICT)),
                ('present', fields.IntField()),
                ('per_head', fields.BigIntField()),
                ('cap', fields.BigIntField()),
                ('amount', fields.BigIntField()),
                ('note', fields.CharField(default='', max_length=200)),
                ('reason', fields.CharField(default='', max_length=200)),
                ('status', fields.CharEnumField(description='SUBMITTED: submitted\nRETURNED: returned\nAPPROVED: approved\nREJECTED: rejected\nPAID: paid', enum_type=ClaimStatus, max_length=12)),
                ('rounds', fields.IntField(default=1)),
                ('applicant_ids', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('submitted_by', fields.ForeignKeyField('models.Person', source_field='submitted_by_id', null=True, db_constraint=True, to_field='id', related_name='claims_submitted', on_delete=OnDelete.SET_NULL)),
                ('submitted_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('approved_by', fields.ForeignKeyField('models.Person', source_field='approved_by_id', null=True, db_constraint=True, to_field='id', related_name='claims_approved', on_delete=OnDelete.SET_NULL)),
                ('approved_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'claims', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What a branch asks for one visit: one claim a visit, corrected and sent again where it was returned.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Payment',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='payments', on_delete=OnDelete.RESTRICT)),
                ('claim', fields.ForeignKeyField('models.Claim', source_field='claim_id', db_constraint=True, to_field='id', related_name='payments', on_delete=OnDelete.RESTRICT)),
                ('fund', fields.ForeignKeyField('models.Fund', source_field='fund_id', db_constraint=True, to_field='id', related_name='payments', on_delete=OnDelete.RESTRICT)),
                ('amount', fields.BigIntField()),
                ('claimed_by_id', fields.IntField(null=True)),
                ('paid_by_id', fields.IntField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'payments', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A visit was paid: at most one row a visit. Written in the transaction that takes it from the fund.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Receipt',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('claim', fields.ForeignKeyField('models.Claim', source_field='claim_id', db_constraint=True, to_field='id', related_name='receipts', on_delete=OnDelete.CASCADE)),
                ('number', fields.CharField(unique=True, max_length=32)),
                ('amount', fields.BigIntField()),
            ],
            options={'table': 'receipts', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A bill behind a claim. Its number counts once in the whole district.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Screening',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('subject', fields.CharField(unique=True, max_length=48)),
                ('text', fields.TextField(unique=False)),
                ('account', fields.ForeignKeyField('models.Account', source_field='account_id', null=True, db_constraint=True, to_field='id', related_name='screenings', on_delete=OnDelete.SET_NULL)),
                ('path', fields.CharField(default='', max_length=32)),
                ('status', fields.CharEnumField(db_index=True, description='WAITING: waiting\nREVIEW: review\nWITHHELD: withheld', enum_type=ScreeningStatus, max_length=10)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'screenings', 'app': 'models', 'pk_attr': 'id', 'table_description': "A text that isn't shown yet. The place it belongs to holds a stand-in meanwhile."},
            bases=['Model'],
        ),
        # Checks named in CreateModel would not reach the database; adding one makes an SQLite table anew,
        # without what was unique in it, so that comes last.
        ops.AddConstraint(
            model_name='Fund',
            constraint=CheckConstraint(check='0 <= paid AND paid <= committed AND committed <= budget', name='fund_never_below_zero'),
        ),
        ops.AddConstraint(
            model_name='Claim',
            constraint=CheckConstraint(check='amount > 0 AND amount <= cap', name='claim_within_cap'),
        ),
        ops.AddConstraint(
            model_name='Claim',
            constraint=CheckConstraint(check='approved_by_id <> submitted_by_id', name='claim_approved_by_another'),
        ),
        ops.AddConstraint(
            model_name='Payment',
            constraint=CheckConstraint(check='amount > 0', name='payment_above_zero'),
        ),
        ops.AddConstraint(
            model_name='Payment',
            constraint=CheckConstraint(check='paid_by_id <> claimed_by_id', name='payment_by_another'),
        ),
        ops.AddConstraint(
            model_name='Receipt',
            constraint=CheckConstraint(check='amount > 0', name='receipt_above_zero'),
        ),
        ops.AddConstraint(
            model_name='Fund',
            constraint=UniqueConstraint(fields=('organization', 'year')),
        ),
        ops.AddConstraint(
            model_name='Claim',
            constraint=UniqueConstraint(fields=('booking',)),
        ),
        ops.AddConstraint(
            model_name='Payment',
            constraint=UniqueConstraint(fields=('booking',)),
        ),
    ]
