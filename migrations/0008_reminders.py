from tortoise import migrations
from tortoise.migrations import operations as ops
from models.reminders import ReminderKind, ReminderStatus
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0007_offers_and_closings')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Reminder',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='reminders', on_delete=OnDelete.CASCADE)),
                ('slot_id', fields.IntField()),
                ('kind', fields.CharEnumField(description='DAY: day\nHOURS: hours', enum_type=ReminderKind, max_length=8)),
                ('status', fields.CharEnumField(description='PLANNED: planned\nSENDING: sending\nSENT: sent\nUNCONFIRMED: unconfirmed\nNOT_SENT: not_sent', enum_type=ReminderStatus, max_length=12)),
                ('channel', fields.CharField(default='', max_length=20)),
                ('claimed_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'reminders', 'app': 'models', 'unique_together': (('booking', 'person', 'slot_id', 'kind'),), 'indexes': [Index(fields=['status', 'claimed_until'])], 'pk_attr': 'id', 'table_description': "One person's reminder of one visit in one slot: a visit that is moved is another to be reminded of."},
            bases=['Model'],
        ),
    ]
