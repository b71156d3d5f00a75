from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.records import RecordStatus
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

STANDING = ('record_id', 'number', '"values"', 'digest', 'reason', 'signed_at')
SAYS = 'a signed version stands'


async def guard_versions(apps, editor):
    """What was signed is neither changed nor removed, whoever asks; only its seal may be renewed."""
    columns = ', '.join(STANDING)
    if editor.client.capabilities.dialect == 'sqlite':
        for name, event in (('kept', f'UPDATE OF {columns}'), ('not_removed', 'DELETE')):
            await editor.client.execute_script(
                f"CREATE TRIGGER record_versions_{name} BEFORE {event} ON record_versions "
                f"BEGIN SELECT RAISE(ABORT, '{SAYS}'); END"
            )
        return
    await editor.client.execute_script(
        "CREATE FUNCTION keep_record_versions() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{SAYS}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    await editor.client.execute_script(
        f"CREATE TRIGGER record_versions_kept BEFORE UPDATE OF {columns} OR DELETE ON record_versions "
        "FOR EACH ROW EXECUTE FUNCTION keep_record_versions()"
    )


async def unguard_versions(apps, editor):
    """Undo `guard_versions`."""
    if editor.client.capabilities.dialect == 'sqlite':
        for name in ('kept', 'not_removed'):
            await editor.client.execute_script(f'DROP TRIGGER record_versions_{name}')
        return
    await editor.client.execute_script('DROP FUNCTION keep_record_versions() CASCADE')


class Migration(migrations.Migration):
    dependencies = [('models', '0013_served_marks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='BranchFeed',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', unique=True, db_constraint=True, to_field='id', related_name='feeds', on_delete=OnDelete.CASCADE)),
                ('token_hash', fields.CharField(unique=True, max_length=64)),
                ('made_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'branch_feeds', 'app': 'models', 'pk_attr': 'id', 'table_description': "A branch's calendar address. Its holder alone knows the token, and a new one ends the old."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DutyReminder',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='duty_reminders', on_delete=OnDelete.CASCADE)),
                ('day', fields.DateField()),
                ('told', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('channel', fields.CharField(default='', max_length=20)),
            ],
            options={'table': 'duty_reminders', 'app': 'models', 'unique_together': (('person', 'day'),), 'pk_attr': 'id', 'table_description': "One person's one reminder of a day: of all that their branches owe, together."},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Record',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('branch', fields.ForeignKeyField('models.Organization', source_field='branch_id', db_constraint=True, to_field='id', related_name='records', on_delete=OnDelete.RESTRICT)),
                ('template', fields.CharField(max_length=4)),
                ('period', fields.CharField(max_length=10)),
                ('year', fields.IntField()),
                ('subject', fields.CharField(null=True, max_length=64)),
                ('held_on', fields.DateField(null=True)),
                ('status', fields.CharEnumField(default=RecordStatus.DRAFT, description='DRAFT: draft\nSIGNED: signed', enum_type=RecordStatus, max_length=8)),
                ('values', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('sealed', fields.TextField(default='', unique=False)),
                ('revision', fields.IntField(default=1)),
                ('version', fields.IntField(default=0)),
                ('is_late', fields.BooleanField(default=False)),
                ('is_exercise', fields.BooleanField(default=False)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', null=True, db_constraint=True, to_field='id', related_name='records', on_delete=OnDelete.SET_NULL)),
                ('rehearsal', fields.ForeignKeyField('models.Rehearsal', source_field='rehearsal_id', null=True, db_constraint=True, to_field='id', related_name='records', on_delete=OnDelete.SET_NULL)),
                ('created_by', fields.ForeignKeyField('models.Person', source_field='created_by_id', null=True, db_constraint=True, to_field='id', related_name='records_created', on_delete=OnDelete.SET_NULL)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('saved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('signed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('vote_restored_on', fields.DateField(null=True)),
            ],
            options={'table': 'records', 'app': 'models', 'unique_together': (('branch', 'template', 'subject'),), 'constraints': [CheckConstraint(check='revision >= 1', name='record_revision_from_one'), CheckConstraint(check="(status = 'draft' AND version = 0) OR (status = 'signed' AND version >= 1)", name='record_signed_has_version')], 'indexes': [Index(fields=['branch_id', 'year', 'template'])], 'pk_attr': 'id', 'table_description': 'One filled-in template of a branch.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RecordAttachment',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('record', fields.ForeignKeyField('models.Record', source_field='record_id', db_constraint=True, to_field='id', related_name='attachments', on_delete=OnDelete.CASCADE)),
                ('field', fields.CharField(max_length=24)),
                ('name', fields.CharField(max_length=80)),
                ('media', fields.CharField(max_length=80)),
                ('size', fields.IntField()),
                ('sha256', fields.CharField(max_length=64)),
                ('content', fields.BinaryField()),
                ('by', fields.ForeignKeyField('models.Person', source_field='by_id', null=True, db_constraint=True, to_field='id', related_name='record_attachments', on_delete=OnDelete.SET_NULL)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'record_attachments', 'app': 'models', 'unique_together': (('record', 'field', 'sha256'),), 'constraints': [CheckConstraint(check='size > 0', name='attachment_not_empty')], 'pk_attr': 'id', 'table_description': 'A file behind a field of a record. Its content is sealed, and the same file twice is one.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RecordSetAside',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('record', fields.ForeignKeyField('models.Record', source_field='record_id', db_constraint=True, to_field='id', related_name='set_asides', on_delete=OnDelete.CASCADE)),
                ('based_on', fields.IntField()),
                ('values', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('sealed', fields.TextField(default='', unique=False)),
                ('by', fields.ForeignKeyField('models.Person', source_field='by_id', null=True, db_constraint=True, to_field='id', related_name='set_asides', on_delete=OnDelete.SET_NULL)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'record_set_asides', 'app': 'models', 'pk_attr': 'id', 'table_description': 'Changes that came too late: somebody else had saved in between. Kept until somebody decides.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RecordVersion',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('record', fields.ForeignKeyField('models.Record', source_field='record_id', db_constraint=True, to_field='id', related_name='versions', on_delete=OnDelete.RESTRICT)),
                ('number', fields.IntField()),
                ('values', fields.JSONField(encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('sealed', fields.TextField(default='', unique=False)),
                ('digest', fields.CharField(max_length=64)),
                ('reason', fields.CharField(default='', max_length=200)),
                ('signed_by', fields.ForeignKeyField('models.Person', source_field='signed_by_id', null=True, db_constraint=True, to_field='id', related_name='record_versions', on_delete=OnDelete.SET_NULL)),
                ('signed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'record_versions', 'app': 'models', 'unique_together': (('record', 'number'),), 'constraints': [CheckConstraint(check='number >= 1', name='record_version_from_one'), CheckConstraint(check="number = 1 OR reason <> ''", name='record_correction_has_reason')], 'pk_attr': 'id', 'table_description': 'What was signed, or what a correction made of it. The database lets nobody change or remove one.'},
            bases=['Model'],
        ),
        ops.RunPython(guard_versions, unguard_versions),
    ]
