from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

SEARCHED = (
    'id', 'category', 'longitude', 'latitude', 'is_training_base',
    'name', 'town', 'intro', 'features', 'facilities', 'services',
)
COUNT = (
    'INSERT INTO site_changes (id, number) VALUES (1, 1) '
    'ON CONFLICT (id) DO UPDATE SET number = site_changes.number + 1'
)


async def count_changes(apps, editor):
    """From now on every change of what sites are searched by is counted, whoever makes it."""
    events = ('INSERT', f"UPDATE OF {', '.join(SEARCHED)}", 'DELETE')
    if editor.client.capabilities.dialect == 'sqlite':
        for number, event in enumerate(events):
            await editor.client.execute_script(
                f'CREATE TRIGGER site_changes_{number} AFTER {event} ON sites BEGIN {COUNT}; END'
            )
        return
    await editor.client.execute_script(
        'CREATE FUNCTION count_site_changes() RETURNS trigger LANGUAGE plpgsql AS '
        f'$$ BEGIN {COUNT}; RETURN NULL; END $$'
    )
    await editor.client.execute_script(
        f"CREATE TRIGGER site_changes AFTER {' OR '.join(events)} ON sites "
        'FOR EACH STATEMENT EXECUTE FUNCTION count_site_changes()'
    )


async def stop_counting(apps, editor):
    """Undo `count_changes`."""
    if editor.client.capabilities.dialect == 'sqlite':
        for number in range(3):
            await editor.client.execute_script(f'DROP TRIGGER site_changes_{number}')
        return
    await editor.client.execute_script('DROP FUNCTION count_site_changes() CASCADE')


class DropColumn(ops.RemoveField):
    """A field whose column just goes: on SQLite a new table would drop the old one, to whose rows others lead."""

    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor is not None and state_editor.DIALECT == 'sqlite':
            table = old_state.models[(app_label, self.model_name)].table
            await state_editor._run_sql(f'ALTER TABLE "{table}" DROP COLUMN "{self.name}"')
        else:
            await super().database_forward(app_label, old_state, new_state, state_editor)


class Migration(migrations.Migration):
    dependencies = [('models', '0022_place_images')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SiteChanges',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('number', fields.BigIntField()),
            ],
            options={'table': 'site_changes', 'app': 'models', 'pk_attr': 'id', 'table_description': 'How often what sites are searched by has changed: one row, which triggers on `sites` count up.'},
            bases=['Model'],
        ),
        ops.RemoveIndex(
            model_name='Site',
            name=None,
            fields=['version'],
        ),
        DropColumn(model_name='Site', name='version'),
        ops.RunPython(count_changes, stop_counting),
    ]
