"""Knowledge entries over HTTP: proposed by one, approved by another."""

from handlers import entries
from handlers.context import Context
from miniprogram_api import forms, views
from miniprogram_api.forms import DraftForm, EntryForm, EntryQuery, SendBackForm, VersionForm
from miniprogram_api.views import (
    DraftView,
    EntriesView,
    EntryView,
    PublishedView,
    TrialsView,
    VersionsView,
)


async def index(ctx: Context, *, form: EntryQuery) -> EntriesView:
    """Entries, with what is proposed for them."""
    return views.entries(await entries.list_entries(ctx, **dict(form)))


async def show(ctx: Context, *, code: str) -> EntryView:
    """One entry: what is published, and what is proposed."""
    return views.entry(await entries.get_entry(ctx, code=code))


async def versions(ctx: Context, *, code: str) -> VersionsView:
    """What an entry said before, and says now."""
    return views.versions(await entries.versions(ctx, code=code))


async def create(ctx: Context, *, form: EntryForm) -> DraftView:
    """Propose an entry that doesn't exist yet."""
    return views.draft(await entries.propose_new(ctx, wording=forms.wording(form)))


async def edit(ctx: Context, *, code: str, form: DraftForm) -> DraftView:
    """Propose another wording."""
    wording = forms.wording(form)
    return views.draft(await entries.propose(ctx, code=code, version=form.version, wording=wording))


async def discard(ctx: Context, *, code: str) -> None:
    """Throw a draft away."""
    await entries.discard(ctx, code=code)


async def tests(ctx: Context, *, code: str) -> TrialsView:
    """What people really asked, and where it would lead."""
    return views.trials(await entries.try_draft(ctx, code=code))


async def approve(ctx: Context, *, code: str, form: VersionForm) -> PublishedView:
    """Publish what was read."""
    return views.published(await entries.approve(ctx, code=code, version=form.version))


async def send_back(ctx: Context, *, code: str, form: SendBackForm) -> DraftView:
    """Ask for changes."""
    return views.draft(await entries.send_back(ctx, code=code, version=form.version, reason=form.reason))


async def retire(ctx: Context, *, code: str) -> PublishedView:
    """Take an entry out."""
    return views.published(await entries.retire(ctx, code=code))
