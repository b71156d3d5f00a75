from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.fields.base import OnDelete
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0021_handbook_terms')]

    initial = False

    operations = [
        ops.CreateModel(
            name='PlaceImage',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('name', fields.CharField(unique=True, max_length=32)),
                ('content', fields.BinaryField()),
                ('size', fields.IntField()),
                ('by', fields.ForeignKeyField('models.Person', source_field='by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'place_images', 'app': 'models', 'constraints': [CheckConstraint(check='size > 0', name='place_image_not_empty')], 'pk_attr': 'id', 'table_description': 'One picture, named by its content. Sites and examples name its address among their `images`.'},
            bases=['Model'],
        ),
    ]
