from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0007_offers_and_closings')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Site',
            name='poster_scene',
            field=fields.CharField(default='', db_default='', max_length=32),
        ),
    ]
