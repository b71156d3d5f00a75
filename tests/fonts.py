"""Whether this machine can print Chinese."""

import pytest

from handlers import fonts
from handlers.errors import NoFont


def _missing() -> str:
    try:
        fonts.chinese()
    except NoFont:
        return "no Chinese font is installed (fonts-noto-cjk)"
    return ""


MISSING = _missing()
needs_font = pytest.mark.skipif(bool(MISSING), reason=MISSING)
