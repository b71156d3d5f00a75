"""The questions that confidence is fitted on and judged by."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from handlers.answering import confidence
from handlers.answering.engine import Engine
from handlers.answering.shapes import Fact, Words
from handlers.knowledge import load_yaml

ON = date(2026, 11, 20)
FOLDS = 8
FILE = Path(__file__).with_name("development.yaml")


@dataclass(frozen=True, slots=True)
class Sample:
    """One question's signals, and whether the first entry found is the right one."""

    text: str
    signals: tuple[float, ...]
    right: bool
    origin: str


def development() -> dict[str, list[tuple[str, str | None]]]:
    """Group → questions and the entry meant."""
    groups = load_yaml(FILE)
    known = [(text, code) for code, texts in groups["known"].items() for text in texts]
    return {
        "known": known,
        "unknown": [(text, None) for text in groups["unknown"]],
        "outside": [(text, None) for text in groups["outside"]],
    }


def look(engine: Engine, text: str, meant: str | None, origin: str) -> Sample | None:
    """What the index says to one question."""
    canonical = engine.canonical(text)
    matches, size = engine.matches(canonical, engine.favour_for(canonical, None, ON))
    if not matches:
        return None
    return Sample(text, confidence.signals(matches, size), matches[0].fact.code == meant, origin)


def held_out(facts: Sequence[Fact], words: Words) -> Iterator[Sample]:
    """Askings looked for in an index that lacks them, and in one that lacks their whole entry."""
    for fold in range(FOLDS):
        kept = [
            replace(fact, askings=tuple(a for i, a in enumerate(fact.askings) if i % FOLDS != fold))
            for fact in facts
        ]
        engine = Engine.build(kept, words)
        for fact in facts:
            for asking in fact.askings[fold::FOLDS]:
                if sample := look(engine, asking, fact.code, "asking"):
                    yield sample
    for fold in range(FOLDS):
        engine = Engine.build([fact for i, fact in enumerate(facts) if i % FOLDS != fold], words)
        for fact in facts[fold::FOLDS]:
            for asking in fact.askings[:2]:
                if sample := look(engine, asking, fact.code, "gap"):
                    yield sample


def all_samples(facts: Sequence[Fact], words: Words) -> list[Sample]:
    """Held-out askings and the development set."""
    engine = Engine.build(facts, words)
    groups = development().items()
    looked = (look(engine, text, meant, name) for name, rows in groups for text, meant in rows)
    return [*held_out(facts, words), *(sample for sample in looked if sample)]
