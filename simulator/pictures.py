"""QR codes as PNG and SVG, drawn from the bare matrix so that no imaging library is needed."""

import struct
import zlib

from qrcode.constants import ERROR_CORRECT_M
from qrcode.main import QRCode

QUIET_ZONE = 4


def matrix(content: str) -> list[list[bool]]:
    """The dark modules of a code, quiet zone included."""
    code = QRCode(error_correction=ERROR_CORRECT_M, border=QUIET_ZONE)
    code.add_data(content)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def png(content: str, width: int = 430) -> bytes:
    """A square grey-scale picture, about that wide."""
    modules = matrix(content)
    scale = max(1, width // len(modules))
    rows = b"".join(
        (b"\0" + b"".join((b"\0" if dark else b"\xff") * scale for dark in row)) * scale for row in modules
    )
    side = len(modules) * scale
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(rows)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def svg(content: str) -> str:
    """The same as vectors: dark modules run along each row."""
    modules = matrix(content)
    side = len(modules)
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(modules) for x, dark in enumerate(row) if dark)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{side}v{side}H0z"/><path d="{path}"/></svg>'
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
