"""The database's schema: what is applied, what is pending, and applying it."""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tortoise import connections
from tortoise.migrations.executor import MigrationExecutor, MigrationTarget

from handlers.context import open_database
from models import tortoise_config
from settings import Settings

COLLECT_AFTER = (100_000, 3, 3)
"""Every step of a migration makes all models anew; collecting after each few of them is most of its time."""
LATEST = [MigrationTarget(app_label="models", name="__latest__")]


async def migrate(settings: Settings, *, progress: Callable[[str], None]) -> None:
    """Bring the schema up to date; `progress` gets the name of each migration as it is applied."""

    def tell(event: str, _: str, name: str) -> None:
        if event == "apply_done":
            progress(name)

    async with open_database(settings.resolved_database_url):
        with collecting_rarely():
            await _executor(settings).migrate(LATEST, direction="forward", progress=tell)


@contextmanager
def collecting_rarely() -> Iterator[None]:
    """Look for garbage seldom, and not among what is there already."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()
        gc.collect()


async def pending(settings: Settings) -> list[str]:
    """The names of the migrations that are not applied yet."""
    async with open_database(settings.resolved_database_url):
        executor = _executor(settings)
        # Tortoise takes a database that can't be reached for one without migrations.
        await executor.connection.execute_query("SELECT 1")
        return [step.migration.name for step in await executor.plan(LATEST)]


def _executor(settings: Settings) -> MigrationExecutor:
    config = tortoise_config(settings.resolved_database_url)
    (name,) = config["connections"]
    return MigrationExecutor(connections.get(name), config["apps"])
