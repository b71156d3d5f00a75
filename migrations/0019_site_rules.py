from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.sites import SiteService
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0016_workers')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Guest',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='joined', on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='joined', on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'guests', 'app': 'models', 'unique_together': (('booking', 'person'),), 'pk_attr': 'id', 'table_description': 'A member of another branch who joins a visit alone. Who leaves has no row.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Booking',
            name='activity',
            field=fields.CharEnumField(null=True, description='THEME_DAY: theme_day\nPARTY_LESSON: party_lesson\nLIFE_MEETING: life_meeting\nTRAINING: training\nOATH: oath\nVOLUNTEERING: volunteering', enum_type=SiteService, max_length=12),
        ),
        ops.AddField(
            model_name='Booking',
            name='exclusive',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Booking',
            name='guests',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Booking',
            name='late',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Organization',
            name='books_again_on',
            field=fields.DateField(null=True),
        ),
        ops.AddField(
            model_name='Site',
            name='access',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='Site',
            name='fee',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Site',
            name='fee_from_dues',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='Site',
            name='guides',
            field=fields.JSONField(default=list, db_default='[]', encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Site',
            name='parking',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='Site',
            name='services',
            field=fields.JSONField(default=list, db_default='[]', encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Slot',
            name='alone',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddIndex(
            model_name='Site',
            index=Index(fields=['version']),
        ),
    ]
