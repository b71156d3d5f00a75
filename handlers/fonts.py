"""Chinese letters for what is printed: a font of this machine, or a plain refusal in place of empty boxes."""

from functools import lru_cache

from handlers.errors import NoFont

FAMILIES = (
    "Noto Sans CJK SC",
    "Source Han Sans SC",
    "Noto Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "SimHei",
)
"""The ones we know to have all our letters, the best first."""
HOW_TO_GET = "安装 Debian、Ubuntu 的软件包 fonts-noto-cjk（apt-get install fonts-noto-cjk），不用重启"


@lru_cache(maxsize=1)
def chinese() -> str:
    """The family to print Chinese with. Reads the machine's fonts: call it off the event loop.

    Raises:
        NoFont: looked for again at the next call.
    """
    import typst  # Large, and few processes ever print.

    there = set(typst.Fonts(include_embedded_fonts=False).families())
    for family in FAMILIES:
        if family in there:
            return family
    raise NoFont
