"""How fast, how big and how right the engine is: `python -m benchmarks.answers.run`."""

import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import psutil

from benchmarks.answers.samples import ON, Sample, all_samples, development
from handlers.answering import confidence
from handlers.answering.engine import Engine
from handlers.answering.shapes import Answer, Fact
from handlers.knowledge import read_words, written_facts

MANY = 100_000
SEED = 20261122
ROUNDS = 5


def memory() -> float:
    """Resident megabytes of this process."""
    return float(psutil.Process().memory_info().rss) / 2**20


def many(facts: Sequence[Fact], askings: int) -> list[Fact]:
    """Synthetic entries, `askings` askings in all, woven from the real ones' halves."""
    rng = random.Random(SEED)
    heads = [text[: len(text) // 2] for fact in facts for text in fact.askings]
    tails = [text[len(text) // 2 :] for fact in facts for text in fact.askings]
    each = 10
    return [
        replace(
            facts[number % len(facts)],
            code=f"made-{number}",
            askings=tuple(rng.choice(heads) + rng.choice(tails) for _ in range(each)),
        )
        for number in range(askings // each)
    ]


def measure(name: str, facts: Sequence[Fact], texts: Sequence[str]) -> None:
    """Print build time, memory and latency over these entries."""
    words, before, start = read_words(), memory(), time.thread_time()
    engine = Engine.build(facts, words)
    built = time.thread_time() - start
    taken = []
    for text in list(texts) * ROUNDS:
        # Processor time: what others do on this machine doesn't count.
        start = time.thread_time_ns()
        engine.answer(text, on=ON)
        taken.append((time.thread_time_ns() - start) / 1e6)
    taken.sort()
    askings = sum(len(fact.askings) + 1 for fact in facts)
    p50, p99 = taken[len(taken) // 2], taken[len(taken) * 99 // 100]
    print(
        f"{name}: {len(facts)} entries, {askings} askings: built in {built:.2f} s, "
        f"+{memory() - before:.0f} MB, p50 {p50:.2f} ms, p99 {p99:.2f} ms, max {taken[-1]:.2f} ms"
    )


def verdict(answer: Answer, meant: str | None) -> str:
    """What became of one question of the development set."""
    if answer.kind == "answer":
        return "right" if answer.entry == meant else "wrong"
    if answer.kind == "choices":
        return "offered" if meant in dict(answer.choices) else "offered in vain"
    return answer.kind


def judge(facts: Sequence[Fact]) -> None:
    """Print what happens to each group, and what was answered wrongly."""
    engine = Engine.build(facts, read_words())
    for group, rows in development().items():
        answers = [(text, meant, engine.answer(text, on=ON)) for text, meant in rows]
        counts = Counter(verdict(answer, meant) for text, meant, answer in answers)
        print(group, {name: f"{n} ({n / len(rows):.1%})" for name, n in counts.most_common()})
        for text, meant, answer in answers:
            if verdict(answer, meant) == "wrong":
                print(f"  wrong {answer.confidence:.2f} {text} → {answer.entry}, meant {meant}")


def curve(samples: Sequence[Sample]) -> None:
    """Print risk against coverage: of the questions answered at a threshold, how many are wrong."""
    sure = [(confidence.probability(sample.signals), sample) for sample in samples]
    print("threshold  answered  wrong of answered   (known and unknown questions, entries' askings held out)")
    for tenth in range(3, 10):
        for origins in (("known", "unknown"), ("asking", "gap")):
            rows = [(p, s) for p, s in sure if s.origin in origins]
            given = [s for p, s in rows if p >= tenth / 10]
            wrong = sum(not s.right for s in given)
            covered, risk = len(given) / len(rows), wrong / (len(given) or 1)
            print(f"{tenth / 10}  {'+'.join(origins)}: {covered:.1%}  {risk:.1%}")
    print("calibration (all samples): said → was")
    for tenth in range(10):
        rows = [(p, s) for p, s in sure if tenth / 10 <= p < (tenth + 1) / 10]
        if rows:
            said, was = sum(p for p, _ in rows) / len(rows), sum(s.right for _, s in rows) / len(rows)
            print(f"  {said:.2f} → {was:.2f}  ({len(rows)})")


def main() -> None:
    """Print everything."""
    facts = written_facts()
    texts = [text for rows in development().values() for text, _ in rows]
    measure("shipped", facts, texts)
    measure("many", many(facts, MANY), texts)
    judge(facts)
    curve(all_samples(facts, read_words()))


if __name__ == "__main__":
    main()
