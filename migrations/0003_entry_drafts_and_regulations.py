from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.questions import EntryStatus
from tortoise.fields.base import OnDelete
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0002_entry_fingerprint')]

    initial = False

    operations = [
        ops.CreateModel(
            name='EntryDraft',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=32)),
                ('base_version', fields.IntField()),
                ('version', fields.IntField(default=1)),
                ('content', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('tests', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('editor_ids', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('reason', fields.CharField(default='', max_length=200)),
                ('edited_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'entry_drafts', 'app': 'models', 'pk_attr': 'id', 'table_description': 'What somebody proposes that an entry should say, one proposal per entry at a time.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='EntryVersion',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(max_length=32)),
                ('version', fields.IntField()),
                ('status', fields.CharEnumField(description='DRAFT: draft\nPUBLISHED: published\nRETIRED: retired', enum_type=EntryStatus, max_length=12)),
                ('content', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('tests', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('editor_ids', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('approved_by_id', fields.IntField(null=True)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'entry_versions', 'app': 'models', 'unique_together': (('code', 'version'),), 'pk_attr': 'id', 'table_description': 'What an entry said from `at` on. Nobody is named where it came with the service.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Regulation',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('short', fields.CharField(unique=True, max_length=40)),
                ('title', fields.CharField(max_length=120)),
                ('issuer', fields.CharField(default='', max_length=60)),
                ('issued', fields.CharField(default='', max_length=20)),
                ('status', fields.CharField(max_length=10)),
                ('replaced_by', fields.CharField(default='', max_length=40)),
                ('preamble', fields.TextField(default='', unique=False)),
                ('version', fields.IntField(default=1)),
                ('fingerprint', fields.CharField(max_length=64)),
                ('imported_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'regulations', 'app': 'models', 'pk_attr': 'id', 'table_description': 'One imported rule. `short` is the name under which answers cite it.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Article',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('regulation', fields.ForeignKeyField('models.Regulation', source_field='regulation_id', db_constraint=True, to_field='id', related_name='articles', on_delete=OnDelete.CASCADE)),
                ('number', fields.IntField()),
                ('chapter', fields.CharField(default='', max_length=120)),
                ('text', fields.TextField(unique=False)),
            ],
            options={'table': 'articles', 'app': 'models', 'unique_together': (('regulation', 'number'),), 'pk_attr': 'id', 'table_description': 'One article: its number, the chapter it stands in, and its paragraphs with a line break between.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Question',
            name='cluster_id',
            field=fields.BigIntField(null=True),
        ),
    ]
