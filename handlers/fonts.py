"""Chinese letters for what is printed: a font of this machine, or a plain refusal in place of empty boxes."""

from dataclasses import dataclass
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


SERIF_FAMILIES = (
    "FZXiaoBiaoSong-B05S",
    "FZXiaoBiaoSong-B05",
    "方正小标宋简体",
    "Noto Serif CJK SC",
    "Source Han Serif SC",
    "Noto Serif SC",
    "SimSun",
    "STSong",
)
"""For titles of official papers (方正小标宋), else what comes next to it."""
TEXT_FAMILIES = ("FangSong_GB2312", "仿宋_GB2312", "FangSong", "仿宋", "STFangsong", *SERIF_FAMILIES[3:])
"""For the text of official papers (仿宋), else a serif."""
HEADING_FAMILIES = ("SimHei", "黑体", "Noto Sans CJK SC", "Source Han Sans SC", "Noto Sans SC")
"""For headings and labels (黑体)."""


@dataclass(frozen=True, slots=True)
class Official:
    """The families that an official paper is set in here, each the best that this machine has."""

    serif: str
    plain: str
    heading: str


@lru_cache(maxsize=1)
def official() -> Official:
    """Titles, text and headings of official papers. Reads the machine's fonts: call it off the event loop.

    Raises:
        NoFont: looked for again at the next call.
    """
    import typst  # Large, and few processes ever print.

    fallback = chinese()
    there = set(typst.Fonts(include_embedded_fonts=False).families())

    def best(families: tuple[str, ...]) -> str:
        return next((family for family in families if family in there), fallback)

    return Official(best(SERIF_FAMILIES), best(TEXT_FAMILIES), best(HEADING_FAMILIES))
