from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0023_site_changes')]

    initial = False

    operations = [
        ops.CreateModel(
            name='LessonCover',
            fields=[
                ('digest', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('media_id', fields.CharField(max_length=128)),
                ('uploaded_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'lesson_covers', 'app': 'models', 'pk_attr': 'digest', 'table_description': 'A picture that WeChat keeps as the cover of articles: by which media id, as it last told us.'},
            bases=['Model'],
        ),
    ]
