from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0020_self_assessments_and_weak_branches')]

    initial = False

    operations = [
        ops.CreateModel(
            name='HandbookTerms',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.IntField(unique=True)),
                ('values', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('reason', fields.CharField(default='', max_length=200)),
                ('set_by', fields.ForeignKeyField('models.Person', source_field='set_by_id', null=True, db_constraint=True, to_field='id', related_name='handbook_terms', on_delete=OnDelete.SET_NULL)),
                ('at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'handbook_terms', 'app': 'models', 'constraints': [CheckConstraint(check='number >= 1', name='handbook_terms_from_one')], 'pk_attr': 'id', 'table_description': "One version of the settings, whole. A change is the next number, and no row is written at again."},
            bases=['Model'],
        ),
    ]
