"""Other engines over the same entries: BM25 for what is right, and several for speed.

None of them is needed by the service: what isn't installed is passed over with a line.
"""

import importlib
import importlib.util
import re
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from benchmarks.answers.questions import Asked, Key
from benchmarks.answers.samples import ON
from benchmarks.answers.speed import latency
from handlers.answering.engine import Engine
from handlers.answering.shapes import Fact
from handlers.knowledge import read_words

RUNS = re.compile(r"[\u4e00-\u9fff]+|[a-z0-9]+")
FOUND = 5

Find = Callable[[str], object]
Cut = Callable[[str], list[str]]
Guess = tuple[float, bool]
"""A score, and whether the entry found was right."""


def bigrams(text: str) -> list[str]:
    """Pairs of characters."""
    runs = RUNS.findall(text.lower())
    return [run[i : i + 2] for run in runs for i in range(max(len(run) - 1, 1))]


def cutters() -> Iterator[tuple[str, Cut]]:
    """The word cutters that are installed."""
    for name in ("jieba", "rjieba"):
        if importlib.util.find_spec(name) is None:
            print(f"  {name} is not installed")
            continue
        module = importlib.import_module(name)
        with suppress(AttributeError):
            module.setLogLevel("ERROR")
        cut = getattr(module, "lcut", module.cut)
        cut("预热")
        yield name, lambda text, cut=cut: [word for word in cut(text.lower()) if RUNS.match(word)]  # type: ignore[misc]


def documents(facts: Sequence[Fact], *, whole: bool) -> list[tuple[str, str]]:
    """Entry and text: one text for a whole entry with its answer, or one for each asking."""
    if whole:
        return [(fact.code, "\n".join((fact.question, *fact.askings, fact.answer))) for fact in facts]
    return [(fact.code, text) for fact in facts for text in (fact.question, *fact.askings)]


def compare_right(facts: Sequence[Fact], questions: Sequence[Asked], key: Key, wrong: int) -> None:
    """Print how many BM25 answers rightly when it may be wrong as often, in each of its ways."""
    if importlib.util.find_spec("bm25s") is None:
        print("  bm25s is not installed")
        return
    for name, cut in cutters():
        for whole in (True, False):
            texts = documents(facts, whole=whole)
            find = bm25([text for _, text in texts], cut)
            for per_word in (False, True):
                guesses = []
                for asked in questions:
                    found, sure = find(asked.text)
                    code = texts[found][0]
                    share = len(cut(asked.text)) or 1 if per_word else 1
                    guesses.append((sure / share, asked.expect == "answer" and code in key.right(asked)))
                text = "entry" if whole else "asking"
                score = "per word" if per_word else "as is"
                right = most_right(guesses, wrong)
                print(f"  bm25s+{name}, a text an {text}, score {score}: {right} right of {len(questions)}")


def most_right(guesses: Sequence[Guess], wrong: int) -> int:
    """The most that are right above a score that lets through at most so many wrong ones."""
    best = right = missed = 0
    ordered = sorted(guesses, key=lambda guess: guess[0], reverse=True)
    for at, (score, is_right) in enumerate(ordered):
        right, missed = right + is_right, missed + (not is_right)
        if missed > wrong:
            break
        if at + 1 == len(ordered) or ordered[at + 1][0] < score:
            best = right
    return best


def bm25(texts: Sequence[str], cut: Cut) -> Callable[[str], tuple[int, float]]:
    """Finds the best text, and says its score."""
    engine = importlib.import_module("bm25s").BM25()
    engine.index([cut(text) for text in texts], show_progress=False)

    def find(text: str) -> tuple[int, float]:
        known = [word for word in cut(text) if word in engine.vocab_dict]
        if not known:
            return 0, 0.0
        found, scores = engine.retrieve([known], k=min(FOUND, len(texts)), show_progress=False, n_threads=0)
        return int(found[0][0]), float(scores[0][0])

    return find


def compare_speed(facts: Sequence[Fact], queries: Sequence[str]) -> None:
    """Print how long each takes to find the best, cutting the text included, one question at a time."""
    texts = [text for _, text in documents(facts, whole=False)]
    print(f"retrieval alone, ours: {latency(ours(facts), queries)}")
    for name, make in others():
        start = time.thread_time()
        find = make(texts)
        built = time.thread_time() - start
        print(f"retrieval alone, {name}: built in {built:.2f} s, {latency(find, queries)}")


def ours(facts: Sequence[Fact]) -> Find:
    """What the engine does to find entries, normalising included."""
    engine = Engine.build(facts, read_words())

    def find(text: str) -> object:
        canonical = engine.canonical(text)
        return engine.matches(canonical, engine.favour_for(canonical, None, ON))

    return find


def others() -> Iterator[tuple[str, Callable[[Sequence[str]], Find]]]:
    """The engines that are installed."""
    if importlib.util.find_spec("bm25s"):
        for name, cut in cutters():
            yield f"bm25s+{name}", lambda texts, cut=cut: bm25(texts, cut)  # type: ignore[misc]
    else:
        print("  bm25s is not installed")
    if importlib.util.find_spec("tantivy"):
        yield "tantivy on bigrams", tantivy
    else:
        print("  tantivy is not installed")
    yield "SQLite FTS5 on bigrams", fts5


def tantivy(texts: Sequence[str]) -> Find:
    """Tantivy, in memory."""
    module: Any = importlib.import_module("tantivy")
    schema = (
        module.SchemaBuilder()
        .add_unsigned_field("place", stored=True)
        .add_text_field("body", tokenizer_name="whitespace", index_option="freq")
        .build()
    )
    index = module.Index(schema)
    writer = index.writer(50_000_000, 1)
    for place, text in enumerate(texts):
        writer.add_document(module.Document(place=place, body=" ".join(bigrams(text))))
    writer.commit()
    writer.wait_merging_threads()
    index.reload()
    searcher, query, should = index.searcher(), module.Query, module.Occur.Should

    def find(text: str) -> object:
        terms = [(should, query.term_query(schema, "body", pair, "freq")) for pair in set(bigrams(text))]
        hits = searcher.search(query.boolean_query(terms), FOUND, count=False).hits
        return [searcher.doc(address)["place"] for _, address in hits]

    return find


def fts5(texts: Sequence[str]) -> Find:
    """SQLite's full-text search, in memory."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE VIRTUAL TABLE found USING fts5(body, content='')")
    rows = ((" ".join(bigrams(text)),) for text in texts)
    database.executemany("INSERT INTO found(body) VALUES (?)", rows)
    database.execute("INSERT INTO found(found) VALUES ('optimize')")

    def find(text: str) -> object:
        wanted = " OR ".join(f'"{pair}"' for pair in set(bigrams(text)))
        if not wanted:
            return []
        query = f"SELECT rowid FROM found WHERE found MATCH ? ORDER BY rank LIMIT {FOUND}"  # noqa: S608
        return database.execute(query, (wanted,)).fetchall()

    return find
