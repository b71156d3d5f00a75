"""A lesson as the HTML of an article: only what WeChat's articles admit, and how long it may be."""

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from handlers.lesson_content import LessonContent

LONGEST = 20_000
"""WeChat takes an article of fewer characters than these, markup included (wechat-platform §5.5)."""
LARGEST = 1 << 20
"""And of fewer bytes than these."""
DIGEST = 128
"""Characters of the lines beneath an article's title."""

CARD = '<section style="padding:12px;margin:12px 0;border-left:4px solid #c8102e;">'


def fits(html: str) -> bool:
    """Whether WeChat takes an article of this length."""
    return len(html) < LONGEST and len(html.encode()) < LARGEST


def digest_of(lesson: "LessonContent") -> str:
    """The aims, as far as there is room."""
    told = "；".join(lesson.aims)
    return told if len(told) <= DIGEST else f"{told[: DIGEST - 1]}…"


def article_of(lesson: "LessonContent") -> str:
    """What is read, the example and the exercise; the questions stand on the reading page.

    No script, picture, class or form: an article has none of these, or only WeChat's own.
    """
    aims = "".join(f"<li>{escape(aim)}</li>" for aim in lesson.aims)
    parts = "".join(_heading(part.heading) + _paragraphs(part.text) for part in lesson.parts)
    return (
        f"<p>周五1小时 · {escape(lesson.strand)}</p>"
        f"{CARD}<p><strong>学完这一课</strong></p><ul>{aims}</ul></section>{parts}"
        f"{_heading(f'例子：{lesson.example.title}')}{CARD}{_paragraphs(lesson.example.text)}</section>"
        f"{_heading('练一练')}{_paragraphs(lesson.exercise.task)}"
        f"{_heading('想一想')}<p>参考写法、五道题和解析都在课程页，请点文末“阅读原文”；"
        "也可以在公众号里回复“题目”，用“答1A 2C”这样的话作答。不计时、不排名。</p>"
    )


def _heading(text: str) -> str:
    return f'<h2 style="font-size:20px;margin:24px 0 8px;">{escape(text)}</h2>'


def _paragraphs(text: str) -> str:
    """A paragraph per line."""
    return "".join(f"<p>{escape(line)}</p>" for line in map(str.strip, text.splitlines()) if line)
