"""From evidence to the probability that the first answer is the right one."""

from collections.abc import Collection, Sequence
from math import exp, log
from operator import mul

from handlers.answering.asks import mismatch
from handlers.answering.index import Match

SAID = 0.99
"""For a question in the very words of an entry's asking."""
ANSWER_AT = 0.46
"""At least this sure: answer. The least at which what was said was still likelier right than wrong in the
development set, of whose known questions some 3 % are then answered wrongly."""
STRANGE_AT = 0.72
"""The same for a message without a single word of the domain."""
ALONE_AT = 0.85
"""The same for a message that goes on with what was said before: by itself it means less than it says."""
CHOOSE_AT = 0.3
"""Less sure than an answer, yet worth a 'did you mean': below it a person does better."""
CHOICES = 3
NEAR = 0.72
"""A choice offered scores at least this share of the best one; weaker ones only distract."""
STEEP = 12.0
"""How quickly an entry further behind stops counting as a rival of the first."""
MANY_WORDS = 3

# Fitted by `benchmarks/answers/fit.py`; run it again when entries or features change much.
BIAS = -4.69
WEIGHTS = (1.51, -0.12, -0.09, 1.39, 1.27, -0.08, 3.78, -1.80, -0.40, -4.74)


def signals(
    matches: Sequence[Match], wanted: Collection[str], asked: frozenset[str] = frozenset()
) -> tuple[float, ...]:
    """What confidence is judged by; `wanted` are the question's features, `asked` is what it asks for.

    How far the first is ahead counts by itself and by its share: a weak match without a second is
    no strong one. `alone` is 1 with no rival near, and half of it with one just as good. What a question
    for the entry should say and this one doesn't tells against it; so does asking who of an entry that only
    says when, and what the question speaks of that nobody who asks for the entry does.
    """
    best = matches[0]
    ahead = best.score - (matches[1].score if len(matches) > 1 else 0.0)
    # Lists inside the sums, not generators: half the time.
    alone = 1 / sum([exp(STEEP * (match.score / (best.score or 1.0) - 1)) for match in matches])
    words = min(len([feature for feature in wanted if feature[0] == "#"]), MANY_WORDS)
    covered = best.coverage
    return (
        ahead,
        ahead / (best.score or 1.0),
        covered,
        covered * covered,
        log(1 + len(wanted)),
        float(words),
        alone,
        best.missing,
        mismatch(asked, best.asked),
        best.strange,
    )


def probability(values: Sequence[float]) -> float:
    """The calibrated probability for such signals."""
    return 1 / (1 + exp(-(BIAS + sum(map(mul, WEIGHTS, values)))))
