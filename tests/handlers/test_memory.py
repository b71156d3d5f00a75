"""What a server keeps out of its memory; and pinyin without the large dictionary, yet as people spell it."""

import subprocess
import sys

import pytest

from handlers.site_index import sounds

LOADED = "import sys, handlers.pinyin, pypinyin.constants as c; sys.exit(len(c.PHRASES_DICT) > 200)"


@pytest.mark.parametrize(
    ("words", "spelled"),
    [
        ("太河镇", "taihezhen thz"),
        ("入党誓词重温区", "rudangshicichongwenqu rdsccwq"),
        ("行业协会", "hangyexiehui hyxh"),
        ("寨里议事长廊", "zhailiyishichanglang zlyscl"),
        ("楼长会客厅", "louzhanghuiketing lzhkt"),
    ],
)
def test_words_are_spelled_as_people_say_them(words: str, spelled: str) -> None:
    assert sounds(words) == spelled


def test_the_dictionary_of_phrases_stays_out_of_memory() -> None:
    """In a process of its own: here another test may have imported the library first."""
    assert subprocess.run([sys.executable, "-c", LOADED], check=False).returncode == 0


def test_what_writes_and_reads_papers_stays_out_of_memory_until_it_is_asked_for() -> None:
    heavy = {"openpyxl", "docx", "typst", "fakeredis", "qrcode", "PIL", "lxml", "pypinyin"}
    asked = f"import sys, main; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0
