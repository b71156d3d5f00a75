from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from json import dumps, loads
from models.showcase import ShowcaseKind, ShowcaseLevel, ShowcaseStatus
from models.sites import SiteCategory
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint

class Migration(migrations.Migration):
    dependencies = [('models', '0016_workers')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Showcase',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('code', fields.CharField(unique=True, max_length=20)),
                ('name', fields.CharField(max_length=40)),
                ('live_key', fields.CharField(null=True, unique=True, max_length=40)),
                ('kind', fields.CharEnumField(description='SITE: site\nBRAND: brand', enum_type=ShowcaseKind, max_length=8)),
                ('level', fields.CharEnumField(default=ShowcaseLevel.DISTRICT, description='DISTRICT: district\nCITY: city', enum_type=ShowcaseLevel, max_length=8)),
                ('category', fields.CharEnumField(description='RURAL: RURAL\nURBAN: URBAN\nNEW: NEW\nMIX: MIX', enum_type=SiteCategory, max_length=8)),
                ('status', fields.CharEnumField(description='NOMINATED: nominated\nRETURNED: returned\nVISITED: visited\nREFUSED: refused\nLISTED: listed\nREVIEW: review\nREVIEWED: reviewed\nREMOVED: removed', enum_type=ShowcaseStatus, max_length=12)),
                ('organization', fields.ForeignKeyField('models.Organization', source_field='organization_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('site', fields.ForeignKeyField('models.Site', source_field='site_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('brand', fields.ForeignKeyField('models.Showcase', source_field='brand_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.SET_NULL)),
                ('lesson_code', fields.CharField(default='', db_index=True, max_length=5)),
                ('summary', fields.CharField(max_length=600)),
                ('learn', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('images', fields.JSONField(default=list, encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
                ('nominated_by', fields.ForeignKeyField('models.Person', source_field='nominated_by_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('visited_by', fields.ForeignKeyField('models.Person', source_field='visited_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('visited_on', fields.DateField(null=True)),
                ('findings', fields.CharField(default='', max_length=500)),
                ('listed_by', fields.ForeignKeyField('models.Person', source_field='listed_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('valid_from', fields.DateField(null=True)),
                ('valid_until', fields.DateField(null=True)),
                ('wanted_level', fields.CharEnumField(null=True, description='DISTRICT: district\nCITY: city', enum_type=ShowcaseLevel, max_length=8)),
                ('raised_by', fields.ForeignKeyField('models.Person', source_field='raised_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('reason', fields.CharField(default='', max_length=300)),
                ('is_demo', fields.BooleanField(default=False)),
                ('since', fields.DateField()),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'showcases', 'app': 'models', 'indexes': [Index(fields=['status', 'valid_until']), Index(fields=['organization_id', 'status'])], 'pk_attr': 'id', 'table_description': 'One demonstration site or brand. It rates a place, never a person.'},
            bases=['Model'],
        ),
        # A check named in CreateModel would not reach the database.
        ops.AddConstraint(
            model_name='Showcase',
            constraint=CheckConstraint(check="(status NOT IN ('listed', 'review', 'reviewed') OR (visited_by_id IS NOT NULL AND visited_on IS NOT NULL AND trim(findings) <> '' AND visited_by_id <> nominated_by_id AND listed_by_id IS NOT NULL AND listed_by_id <> nominated_by_id AND valid_from IS NOT NULL AND valid_until IS NOT NULL AND valid_from < valid_until)) AND (status NOT IN ('visited', 'reviewed') OR (visited_by_id IS NOT NULL AND visited_on IS NOT NULL AND trim(findings) <> '' AND visited_by_id <> nominated_by_id)) AND (status NOT IN ('listed', 'reviewed') OR raised_by_id IS NULL OR raised_by_id <> visited_by_id) AND (status <> 'listed' OR raised_by_id IS NULL OR raised_by_id <> listed_by_id) AND (status NOT IN ('returned', 'refused', 'removed') OR trim(reason) <> '')", name='showcase_listed_rightly'),
        ),
    ]
