"""QR codes as SVG, in a thread: the first one loads the library, which no server needs before."""

import asyncio
from io import BytesIO

MARGIN = 2
"""Modules left white around a code on a page that is white anyway."""


async def svg(text: str, *, margin: int = MARGIN) -> bytes:
    """The code of a text, dark on white."""
    return await asyncio.to_thread(draw, text, margin)


def draw(text: str, margin: int) -> bytes:
    """The same, drawn here and now."""
    import qrcode
    from qrcode.constants import ERROR_CORRECT_M
    from qrcode.image.svg import SvgPathFillImage

    drawing = BytesIO()
    made = qrcode.make(text, image_factory=SvgPathFillImage, border=margin, error_correction=ERROR_CORRECT_M)
    made.save(drawing)
    return drawing.getvalue()
