"""Pictures that people send: known by their content, made small, without what the camera wrote into them."""

import io
import warnings

from handlers.errors import BadInput

LARGEST = 1_500_000
"""Bytes of a picture as it is sent; a phone makes it smaller before."""
MOST_PIXELS = 40_000_000
LONGEST_SIDE = 2000
"""Pixels a kept picture has at most on a side: a bill can be read, and a year of them be kept."""
QUALITY = 82
KINDS = ("JPEG", "PNG", "WEBP")


def clean(content: bytes, *, longest: int = LONGEST_SIDE) -> bytes:
    """The picture drawn anew as JPEG: nothing is kept of place, time, camera, or of anything behind it.

    Raises:
        BadInput: it is no picture we know, or too large.
    """
    from PIL import Image, ImageOps  # With its decoders, which no server needs in its memory before.

    if len(content) > LARGEST:
        raise BadInput(content="图片不能超过 1.5 MB，请压缩后再传")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=KINDS) as given:
                if given.width * given.height > MOST_PIXELS:
                    raise BadInput(content="图片尺寸太大，请压缩后再传")
                upright = ImageOps.exif_transpose(given)
                upright.thumbnail((longest, longest))
                drawn = Image.new("RGB", upright.size, "white")
                drawn.paste(upright.convert("RGBA"), mask=upright.convert("RGBA").getchannel("A"))
    except BadInput:
        raise
    # A decoder meets whatever a stranger sends, and says so in many ways.
    except (OSError, ValueError, SyntaxError, EOFError, MemoryError, Warning, Image.DecompressionBombError):
        raise BadInput(content="看不懂这张图片，请传 JPG、PNG 或 WebP 格式的图片") from None
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=QUALITY, optimize=True)
    return file.getvalue()
