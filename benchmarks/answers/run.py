"""How right the engine is on the independent questions: `python -m benchmarks.answers.run`."""

import argparse
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.answers import rivals, speed
from benchmarks.answers.questions import (
    Asked,
    Key,
    Outcome,
    read_held_out,
    read_key,
    read_questions,
    unleaked,
)
from benchmarks.answers.samples import ON
from handlers.answering.engine import Engine
from handlers.answering.shapes import Answer, Fact
from handlers.knowledge import read_words, written_facts

COLUMNS: tuple[Outcome, ...] = ("right", "wrong", "offered", "offered in vain", "none", "declined")
EVERY = 6
"""Of the questions one in so many is put to every engine: some take a tenth of a second for one."""
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Judged:
    """One question, what became of it, and whether the engine's first guess at it was right."""

    asked: Asked
    answer: Answer
    outcome: Outcome
    guessed_right: bool


def judge(engine: Engine, key: Key, asked: Asked) -> Judged:
    """Ask one question."""
    answer = engine.answer(asked.text, scope=asked.scope, on=ON)
    outcome = key.outcome(asked, answer)
    if answer.kind == "answer":
        return Judged(asked, answer, outcome, outcome == "right")
    canonical = engine.canonical(asked.text)
    matches, _ = engine.matches(canonical, engine.favour_for(canonical, asked.scope, ON))
    return Judged(asked, answer, outcome, bool(matches) and matches[0].fact.code in key.right(asked))


def table(judged: Sequence[Judged]) -> None:
    """Print what became of each group: by style, by slice, and what we don't know or isn't ours."""
    print(f"\n{'':26}{'asked':>6}" + "".join(f"{name:>17}" for name in COLUMNS))
    known = [one for one in judged if one.asked.group == "known"]
    row("known", known)
    by("known, ", known, lambda one: one.asked.style)
    by("known, ", known, lambda one: one.asked.slice)
    row("unknown (none is right)", [one for one in judged if one.asked.group == "unknown"])
    outside = [one for one in judged if one.asked.group == "outside"]
    row("outside", outside)
    by("outside, ", outside, lambda one: one.asked.slice)


def by(prefix: str, judged: Sequence[Judged], part: Callable[[Judged], str]) -> None:
    """Print a row for each part."""
    for name in sorted({part(one) for one in judged}):
        row(prefix + name, [one for one in judged if part(one) == name])


def row(name: str, judged: Sequence[Judged]) -> None:
    """Print one row of the table."""
    counts = Counter(one.outcome for one in judged)
    cells = (f"{counts[column]} ({counts[column] / (len(judged) or 1):.1%})" for column in COLUMNS)
    print(f"{name:26}{len(judged):>6}" + "".join(f"{cell:>17}" for cell in cells))


def curve(judged: Sequence[Judged]) -> None:
    """Print risk against coverage, and how true what is said of confidence is."""
    # What was recognised as a kind of message is declined with certainty, and no guess.
    ours = [one for one in judged if one.asked.group != "outside"]
    guesses = [one for one in ours if not (one.answer.kind == "declined" and one.answer.confidence == 1.0)]
    print("\nanswered from  coverage  wrong of answered  right of known   (known and unknown questions)")
    known = sum(one.asked.group == "known" for one in ours) or 1
    for least in THRESHOLDS:
        given = [one for one in guesses if one.answer.confidence >= least]
        right = sum(one.guessed_right for one in given)
        risk = 1 - right / (len(given) or 1)
        print(f"{least:>13}{len(given) / (len(ours) or 1):>10.1%}{risk:>19.1%}{right / known:>16.1%}")
    print("confidence said → was:", end="")
    for tenth in range(10):
        some = [one for one in guesses if tenth / 10 <= min(one.answer.confidence, 0.999) < (tenth + 1) / 10]
        if some:
            said = sum(one.answer.confidence for one in some) / len(some)
            was = sum(one.guessed_right for one in some) / len(some)
            print(f"  {said:.2f} → {was:.2f} ({len(some)})", end="")
    print()


def show(judged: Sequence[Judged], outcomes: Sequence[str], key: Key) -> None:
    """Print the questions with these outcomes."""
    for one in judged:
        if one.outcome in outcomes:
            meant = ",".join(sorted(key.right(one.asked))) or one.asked.expect
            got = one.answer.entry or ",".join(code for code, _ in one.answer.choices)
            print(
                f"  {one.outcome} {one.answer.confidence:.2f} [{one.asked.style} {one.asked.slice}] "
                f"{one.asked.text} → {got}, meant {meant} {one.asked.says}"
            )


def against(name: str, facts: Sequence[Fact], judged: Sequence[Judged], key: Key) -> None:
    """Print how many others answer rightly when they may be wrong as often as the engine."""
    for title, some in (
        ("known and unknown", ("known", "unknown")),
        ("all", ("known", "unknown", "outside")),
    ):
        part = [one for one in judged if one.asked.group in some]
        counts = Counter(one.outcome for one in part)
        print(
            f"\n{name}, {title}: engine {counts['right']} right, {counts['wrong']} wrong; at no more wrong:"
        )
        rivals.compare_right(facts, [one.asked for one in part], key, counts["wrong"])


def main() -> None:
    """Print everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--show", nargs="*", default=[], help="outcomes to list, such as: wrong 'offered in vain'"
    )
    parser.add_argument("--held-out", action="store_true", help="also the held-out questions: seldom")
    parser.add_argument("--quick", action="store_true", help="without other engines, speed and memory")
    options = parser.parse_args()
    facts, questions = written_facts(), read_questions()
    engine, key = Engine.build(facts, read_words()), read_key({fact.code for fact in facts})
    fair = unleaked(engine, facts, questions)
    judged = [judge(engine, key, asked) for asked in fair if key.judges(asked)]
    print(
        f"{len(facts)} entries, {len(questions)} questions: {len(questions) - len(fair)} are askings of "
        f"entries and left out, {len(fair) - len(judged)} can't be judged (facts/ lacks their facts)"
    )
    table(judged)
    curve(judged)
    show(judged, options.show, key)
    held_out: list[Judged] = []
    if options.held_out:
        fair = unleaked(engine, facts, read_held_out())
        held_out = [judge(engine, key, asked) for asked in fair if key.judges(asked)]
        print("\nheld out, in nothing that is fitted:", end="")
        table(held_out)
        curve(held_out)
    if options.quick:
        return
    against("development set", facts, judged, key)
    if held_out:
        against("held out", facts, held_out, key)
    print(flush=True)
    # In a process of its own: nothing else has used the memory there.
    subprocess.run([sys.executable, "-m", "benchmarks.answers.speed", "--many"], check=True)
    for name, some_facts in (("shipped", facts), ("many", speed.many(facts))):
        print(f"\n{name}, {len(some_facts)} entries")
        rivals.compare_speed(some_facts, [asked.text for asked in questions[::EVERY]])


if __name__ == "__main__":
    main()
