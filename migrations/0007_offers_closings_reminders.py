from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.sites import BookingStatus
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0006_rehearsals')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Reminder',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.CASCADE)),
                ('slot_id', fields.IntField()),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.CASCADE)),
                ('kind', fields.CharField(max_length=8)),
                ('channel', fields.CharField(default='', max_length=16)),
                ('status', fields.CharField(max_length=10)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'reminders', 'app': 'models', 'unique_together': (('booking', 'slot_id', 'person', 'kind'),), 'pk_attr': 'id', 'table_description': 'One person was, or could not be, reminded of a visit at its time: at most one row each.'},
            bases=['Model'],
        ),
        ops.AlterField(
            model_name='Booking',
            name='status',
            field=fields.CharEnumField(description='REQUESTED: requested\nCONFIRMED: confirmed\nWAITING: waiting\nOFFERED: offered\nDECLINED: declined\nCANCELLED: cancelled\nFULFILLED: fulfilled\nMISSED: missed', enum_type=BookingStatus, max_length=12),
        ),
        ops.AddField(
            model_name='Booking',
            name='offered_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddIndex(
            model_name='Booking',
            index=Index(fields=['branch_id', 'status']),
        ),
        ops.AddIndex(
            model_name='Booking',
            index=Index(fields=['slot_id', 'status']),
        ),
        ops.AlterModelOptions(
            name='Site',
            options={'table': 'sites', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One open-life site. Coordinates are GCJ-02 degrees. `revision` counts the edits of what is searched.'},
        ),
        ops.AddField(
            model_name='Site',
            name='notes',
            field=fields.CharField(default='', db_default='', max_length=600),
        ),
        ops.AddField(
            model_name='Site',
            name='pictures',
            field=fields.JSONField(null=True, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Site',
            name='revision',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Slot',
            name='close_reason',
            field=fields.CharField(default='', db_default='', max_length=200),
        ),
        ops.AddField(
            model_name='Slot',
            name='moves_to_id',
            field=fields.IntField(null=True),
        ),
    ]
