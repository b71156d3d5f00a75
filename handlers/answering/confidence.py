"""From evidence to the probability that the first answer is the right one."""

from collections.abc import Sequence
from math import exp

from handlers.answering.index import Match

ANSWER_AT = 0.62
"""At least this sure: answer."""
CHOOSE_AT = 0.22
"""Less sure than an answer, yet worth a 'did you mean': below it a person does better."""
CHOICES = 3
NEAR = 0.72
"""A choice offered scores at least this share of the best one; weaker ones only distract."""

# Fitted by `benchmarks/answers/fit.py`; run it again when entries or features change much.
BIAS = -6.0
WEIGHTS = (6.0, 6.0, 4.0, 0.0)


def signals(matches: Sequence[Match], size: int) -> tuple[float, ...]:
    """What confidence is judged by; `size` is the number of the question's features."""
    best = matches[0]
    second = matches[1].score if len(matches) > 1 else 0.0
    return (best.asking, (best.score - second) / (best.score or 1.0), best.coverage, min(size, 12) / 12)


def probability(values: Sequence[float]) -> float:
    """The calibrated probability for such signals."""
    return 1 / (1 + exp(-(BIAS + sum(w * x for w, x in zip(WEIGHTS, values, strict=True)))))
