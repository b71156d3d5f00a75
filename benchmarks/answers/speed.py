"""How fast and how big the engine is: `python -m benchmarks.answers.speed [--many]`."""

import argparse
import gc
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import psutil

from benchmarks.answers.questions import read_questions
from benchmarks.answers.samples import ON
from handlers.answering.engine import Engine
from handlers.answering.shapes import Fact
from handlers.knowledge import read_words, written_facts

MANY = 100_000
SEED = 20261122
ROUNDS = 3
EACH = 10
"""Askings of a synthetic entry."""


def memory() -> float:
    """Resident megabytes of this process."""
    gc.collect()
    return float(psutil.Process().memory_info().rss) / 2**20


def many(facts: Sequence[Fact], askings: int = MANY) -> list[Fact]:
    """Synthetic entries, `askings` askings in all, woven from the real ones' halves."""
    rng = random.Random(SEED)
    heads = [text[: len(text) // 2] for fact in facts for text in fact.askings]
    tails = [text[len(text) // 2 :] for fact in facts for text in fact.askings]
    return [
        replace(
            facts[number % len(facts)],
            code=f"made-{number}",
            askings=tuple(rng.choice(heads) + rng.choice(tails) for _ in range(EACH)),
        )
        for number in range(askings // EACH)
    ]


def latency(ask: Callable[[str], object], texts: Sequence[str]) -> str:
    """Milliseconds of processor time a question, the best of `ROUNDS`: others on this machine don't count."""
    taken = []
    for text in texts:
        rounds = []
        for _ in range(ROUNDS):
            start = time.thread_time_ns()
            ask(text)
            rounds.append(time.thread_time_ns() - start)
        taken.append(min(rounds) / 1e6)
    taken.sort()
    return (
        f"p50 {taken[len(taken) // 2]:.2f}  p99 {taken[len(taken) * 99 // 100]:.2f}  max {taken[-1]:.2f} ms"
    )


def measure(name: str, facts: Sequence[Fact], texts: Sequence[str]) -> None:
    """Print build time, memory and latency over these entries."""
    words, before, start = read_words(), memory(), time.thread_time()
    engine = Engine.build(facts, words)
    built = time.thread_time() - start
    grown = memory() - before
    askings = sum(len(fact.askings) + 1 for fact in facts)
    took = latency(lambda text: engine.answer(text, on=ON), texts)
    print(f"{name}: {len(facts)} entries, {askings} askings, built in {built:.2f} s, +{grown:.0f} MB, {took}")


def main() -> None:
    """Print all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", action="store_true", help=f"also at {MANY} askings")
    facts, texts = written_facts(), [asked.text for asked in read_questions()]
    measure("shipped", facts, texts)
    if parser.parse_args().many:
        measure("many", many(facts), texts)


if __name__ == "__main__":
    main()
