from tortoise import migrations
from tortoise.migrations import operations as ops
from models.sites import BookingStatus
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0006_rehearsals')]

    initial = False

    operations = [
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
