"""Check-ins over HTTP: 用单."""

from handlers import checkins
from handlers.checkins import CheckInStatus
from handlers.context import Context
from miniprogram_api import views
from miniprogram_api.forms import ScanForm, UploadForm
from miniprogram_api.table import Reply
from miniprogram_api.views import ScansView


async def create(ctx: Context, *, form: ScanForm) -> Reply:
    """Check in by a scanned code; a repeat is told that it is one."""
    result = await checkins.check_in(ctx, code=form.code, nonce=form.nonce)
    return Reply(views.check_in(result), status=200 if result.status is CheckInStatus.ALREADY else 201)


async def upload(ctx: Context, *, form: UploadForm) -> ScansView:
    """Merge a keeper's offline log; each scan is answered."""
    return views.scans(await checkins.upload(ctx, scans=form.scans))
