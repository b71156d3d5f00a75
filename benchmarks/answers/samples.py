"""The questions that confidence is fitted on."""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from benchmarks.answers.questions import read_key, read_questions, unleaked
from handlers.answering import confidence
from handlers.answering.asks import asks
from handlers.answering.engine import Engine
from handlers.answering.shapes import Fact, Words

ON = date(2026, 11, 22)
FOLDS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """One question's signals, and whether the first entry found is the right one."""

    text: str
    signals: tuple[float, ...]
    right: bool
    origin: str


def look(
    engine: Engine, text: str, right: Container[str], origin: str, scope: str | None = None
) -> Sample | None:
    """What the index says to one question."""
    canonical = engine.canonical(text)
    matches, wanted = engine.matches(canonical, engine.favour_for(canonical, scope, ON))
    if not matches:
        return None
    signals = confidence.signals(matches, wanted, asks(canonical))
    return Sample(text, signals, matches[0].fact.code in right, origin)


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
                if sample := look(engine, asking, {fact.code}, "asking"):
                    yield sample
    for fold in range(FOLDS):
        engine = Engine.build([fact for i, fact in enumerate(facts) if i % FOLDS != fold], words)
        for fact in facts[fold::FOLDS]:
            for asking in fact.askings[:2]:
                if sample := look(engine, asking, {fact.code}, "gap"):
                    yield sample


def independent(facts: Sequence[Fact], words: Words) -> Iterator[Sample]:
    """The questions that another hand wrote."""
    engine, key = Engine.build(facts, words), read_key({fact.code for fact in facts})
    for asked in unleaked(engine, facts, read_questions()):
        if asked.facts and not key.judges(asked):
            continue
        if sample := look(engine, asked.text, key.right(asked), asked.group, asked.scope):
            yield sample


def all_samples(facts: Sequence[Fact], words: Words) -> list[Sample]:
    """Held-out askings and the independent questions."""
    return [*held_out(facts, words), *independent(facts, words)]
