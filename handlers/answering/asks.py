"""What a question asks for: who, when, how many, whether …: so that it isn't answered by an entry that nobody
asks that."""

import re
from collections.abc import Iterable

ASKED = {
    "who": "谁|哪一?级|哪个(?:部门|单位|组织|党组织)",
    "when": "什么时候",
    "how long": "多久(?!一次)",
    "how often": "多久一次",
    "how many": "多少(?!钱)|几(?!号)",
    "how much": "多少钱|百分之几|比例",
    "where": "哪里|在哪|往哪|放哪|去哪",
    "whether": "可以吗|有效吗|要不要|行不行|能.{0,12}(?:吗|不|不能)(?:$|[|])|可以|必须|是不是|算不算",
    "how": "怎么|流程|办法",
    "what": "什么|内容|条件|指",
    "why": "为什么|为啥",
    "difference": "区别",
    "what then": "怎么办|处理|后果",
}
"""Over canonical text."""
PATTERNS = tuple((name, re.compile(pattern, re.MULTILINE)) for name, pattern in ASKED.items())
"""Of one text, or of many with a line each."""
LEAST_SHARE = 0.06
"""An entry is asked for what at least this share of its askings ask for."""


def asks(canonical: str) -> frozenset[str]:
    """What canonical text asks for; nothing if it only names its subject."""
    return frozenset(name for name, pattern in PATTERNS if pattern.search(canonical))


def asked_of(askings: Iterable[str]) -> frozenset[str]:
    """What an entry with these canonical askings is asked for."""
    texts = list(askings)
    least = len(texts) * LEAST_SHARE
    together = "\n".join(texts)
    # Most is asked for by none or by many: one look at all together, then as many as are needed.
    return frozenset(
        name
        for name, pattern in PATTERNS
        if pattern.search(together) and reaches(least, (text for text in texts if pattern.search(text)))
    )


def reaches(least: float, found: Iterable[str]) -> bool:
    """Whether so many are found; looks no further than it must."""
    return any(number >= least for number, _ in enumerate(found, start=1))


def mismatch(asked: frozenset[str], of: frozenset[str]) -> float:
    """The share of what is asked for that an entry is never asked for, 0..1."""
    return len(asked - of) / (len(asked) or 1)
