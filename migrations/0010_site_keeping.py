from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0009_scans')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Site',
            name='facilities',
            field=fields.JSONField(default=list, db_default='[]', encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Site',
            name='kept_by_hand',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Site',
            name='notes',
            field=fields.CharField(default='', db_default='', max_length=300),
        ),
        ops.AddField(
            model_name='Site',
            name='images',
            field=fields.JSONField(default=list, db_default='[]', encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads),
        ),
        ops.AddField(
            model_name='Site',
            name='version',
            field=fields.IntField(default=1, db_default=1),
        ),
    ]
