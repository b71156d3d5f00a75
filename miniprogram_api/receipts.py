"""Pictures of bills over HTTP: they may be added, never must be."""

# ruff: noqa: E501 (one endpoint, one line: that is what makes it a table)

import base64
import binascii
from typing import Annotated

from pydantic import Field, StringConstraints

from handlers import images, receipt_images
from handlers.context import Context
from handlers.errors import BadInput, NotBound, NotYourBranch, WrongState
from miniprogram_api import claims
from miniprogram_api.claims import ReceiptView
from miniprogram_api.forms import Form
from miniprogram_api.table import BOUND, BRANCH, File, Route

LONGEST = 4 * (images.LARGEST // 3 + 1)
"""Characters that the largest picture has in base64."""
LARGEST_BODY = LONGEST + 4096
JPEG = "image/jpeg"


class AttachedForm(Form):
    """A picture as a program reads it from its file."""

    content: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST)] = Field(
        description="JPG、PNG 或 WebP 图片的 base64，原图不超过 1.5 MB；保存前会去掉拍摄地点等信息"
    )


def picture(form: AttachedForm) -> bytes:
    """The file's bytes.

    Raises:
        BadInput.
    """
    try:
        return base64.b64decode(form.content, validate=True)
    except (ValueError, binascii.Error):
        raise BadInput(content="图片内容不是 base64 编码，请重新选择图片") from None


async def attach(ctx: Context, *, claim_id: int, receipt_id: int, form: AttachedForm) -> ReceiptView:
    """Add a picture to a bill."""
    row = await receipt_images.attach(ctx, claim_id=claim_id, receipt_id=receipt_id, content=picture(form))
    return claims.receipt_view(row)


async def detach(ctx: Context, *, claim_id: int, receipt_id: int) -> ReceiptView:
    """Take it away again."""
    return claims.receipt_view(await receipt_images.detach(ctx, claim_id=claim_id, receipt_id=receipt_id))


async def show(ctx: Context, *, claim_id: int, receipt_id: int) -> File:
    """The picture."""
    content = await receipt_images.show(ctx, claim_id=claim_id, receipt_id=receipt_id)
    return File(f"票据-{receipt_id}.jpg", content)


KEEPS = (NotBound, NotYourBranch, WrongState)

# fmt: off
ROUTES = (
    Route("PUT", "/claims/{claim_id}/receipts/{receipt_id}/image", attach, BRANCH, "给票据附图片（可不附）", AttachedForm, ReceiptView, refuses=KEEPS, largest=LARGEST_BODY),
    Route("DELETE", "/claims/{claim_id}/receipts/{receipt_id}/image", detach, BRANCH, "去掉票据的图片", None, ReceiptView, refuses=KEEPS),
    Route("GET", "/claims/{claim_id}/receipts/{receipt_id}/image", show, BOUND, "票据的图片，能看补单的人才能看", refuses=(NotBound,), media=JPEG),
)
# fmt: on
