from tortoise import migrations
from tortoise.migrations import operations as ops
import functools
from copy import deepcopy
from json import dumps, loads
from models.sites import SiteService
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class AddFields(ops.TortoiseOperation):
    """Fields of several models at once: what the models look like is worked out once, not for every field."""

    def __init__(self, *added):
        self.added = added

    def describe(self):
        return 'Add fields ' + ', '.join(f'{model}.{name}' for model, name, _ in self.added)

    def state_forward(self, app_label, state):
        for model, name, field in self.added:
            self.get_model_state(state, app_label, model).fields[name] = deepcopy(field)
        state.reload_models({(app_label, model) for model, _, _ in self.added})

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        for model, name, _ in self.added if state_editor else ():
            await state_editor.add_field(new_state.apps.get_model(f'{app_label}.{model}'), name)

    async def database_backward(self, app_label, old_state, new_state, state_editor=None):
        for model, name, _ in self.added if state_editor else ():
            known = old_state.apps.get_model(f'{app_label}.{model}')
            await state_editor.remove_field(known, known._meta.fields_map[name])


class Migration(migrations.Migration):
    dependencies = [('models', '0018_complaints_in_rounds')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Guest',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('booking', fields.ForeignKeyField('models.Booking', source_field='booking_id', db_constraint=True, to_field='id', related_name='joined', on_delete=OnDelete.CASCADE)),
                ('person', fields.ForeignKeyField('models.Person', source_field='person_id', db_constraint=True, to_field='id', related_name='joined', on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'guests', 'app': 'models', 'unique_together': (('booking', 'person'),), 'pk_attr': 'id', 'table_description': 'A member of another branch who joins a visit alone. Who leaves has no row.'},
            bases=['Model'],
        ),
        AddFields(
            ('Booking', 'activity', fields.CharEnumField(null=True, description='THEME_DAY: theme_day\nPARTY_LESSON: party_lesson\nLIFE_MEETING: life_meeting\nTRAINING: training\nOATH: oath\nVOLUNTEERING: volunteering', enum_type=SiteService, max_length=12)),
            ('Booking', 'exclusive', fields.BooleanField(default=False, db_default=False)),
            ('Booking', 'guests', fields.IntField(default=0, db_default=0)),
            ('Booking', 'late', fields.BooleanField(default=False, db_default=False)),
            ('Organization', 'books_again_on', fields.DateField(null=True)),
            ('Site', 'access', fields.BooleanField(null=True)),
            ('Site', 'fee', fields.IntField(default=0, db_default=0)),
            ('Site', 'fee_from_dues', fields.BooleanField(null=True)),
            ('Site', 'guides', fields.JSONField(default=list, db_default='[]', encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
            ('Site', 'parking', fields.IntField(null=True)),
            ('Site', 'services', fields.JSONField(default=list, db_default='[]', encoder=functools.partial(dumps, separators=(',', ':')), decoder=loads)),
            ('Slot', 'alone', fields.BooleanField(default=False, db_default=False)),
        ),
        ops.AddIndex(
            model_name='Site',
            index=Index(fields=['version']),
        ),
    ]
