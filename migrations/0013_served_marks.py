from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0011_claims_in_stages')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ServedMark',
            fields=[
                ('digest', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('expires_at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'served_marks', 'app': 'models', 'pk_attr': 'digest', 'table_description': "That somebody who was forgotten has had a Friday's lesson: a keyed hash, and when it goes too."},
            bases=['Model'],
        ),
    ]
