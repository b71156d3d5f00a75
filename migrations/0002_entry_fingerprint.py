from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.migrations.constraints import UniqueConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.AddConstraint(
            model_name='Account',
            constraint=UniqueConstraint(fields=('person', 'app'), name=None),
        ),
        ops.AddField(
            model_name='Entry',
            name='fingerprint',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
    ]
