from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0008_poster_scene'), ('models', '0008_reminders')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ScanNonce',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('said', fields.CharField(max_length=64)),
                ('status', fields.CharField(max_length=12)),
                ('at', fields.DatetimeField(db_index=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'scan_nonces', 'app': 'models', 'pk_attr': 'key', 'table_description': 'The random word of one scan, as a digest, with what was scanned by whom and the answer it got.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UploadedScan',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=64)),
                ('keeper', fields.ForeignKeyField('models.Person', source_field='keeper_id', db_constraint=True, to_field='id', related_name='uploaded_scans', on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', null=True, db_constraint=True, to_field='id', related_name='scans_of', on_delete=OnDelete.CASCADE)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', null=True, db_constraint=True, to_field='id', related_name='uploaded_scans', on_delete=OnDelete.RESTRICT)),
                ('at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('received_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('outcome', fields.CharField(max_length=32)),
            ],
            options={'table': 'uploaded_scans', 'app': 'models', 'indexes': [Index(fields=['keeper_id', 'outcome']), Index(fields=['booking_id', 'person_id'])], 'pk_attr': 'id', 'table_description': "One line of a keeper's offline log. `key` is the line's digest: one sent twice is one row."},
            bases=['Model'],
        ),
    ]
