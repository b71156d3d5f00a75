from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0005_funds_claims_screenings')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Rehearsal',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case', fields.CharField(max_length=4)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', db_constraint=True, to_field='id', related_name='rehearsals', on_delete=OnDelete.RESTRICT)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', null=True, db_constraint=True, to_field='id', related_name='rehearsals', on_delete=OnDelete.SET_NULL)),
                ('version', fields.IntField(default=0)),
                ('box', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('opened_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('finished_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'rehearsals', 'app': 'models', 'pk_attr': 'id', 'table_description': 'A case that is being played. Its state is the fold of its events, and `version` counts them.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RehearsalEvent',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('rehearsal', fields.ForeignKeyField('models.Rehearsal', source_field='rehearsal_id', db_constraint=True, to_field='id', related_name='events', on_delete=OnDelete.CASCADE)),
                ('sequence', fields.IntField()),
                ('kind', fields.CharField(max_length=12)),
                ('seat', fields.IntField()),
                ('data', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'rehearsal_events', 'app': 'models', 'unique_together': (('rehearsal', 'sequence'),), 'pk_attr': 'id', 'table_description': 'Something that happened in a rehearsal. People are seat numbers here, never names.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RehearsalSeat',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('rehearsal', fields.ForeignKeyField('models.Rehearsal', source_field='rehearsal_id', db_constraint=True, to_field='id', related_name='seats', on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='rehearsal_seats', on_delete=OnDelete.CASCADE)),
                ('number', fields.IntField()),
            ],
            options={'table': 'rehearsal_seats', 'app': 'models', 'unique_together': (('rehearsal', 'person'), ('rehearsal', 'number')), 'pk_attr': 'id', 'table_description': 'Who sits on which seat: the same one after a dropped connection.'},
            bases=['Model'],
        ),
    ]
