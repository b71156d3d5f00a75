"""From evidence to the probability that the first answer is the right one."""

from collections.abc import Sequence
from math import exp

from handlers.answering.index import Match

ANSWER_AT = 0.64
"""At least this sure: answer. Of the development set some 3 % are then answered wrongly."""
STRANGE_AT = 0.85
"""The same for a message without a single word of the domain."""
CHOOSE_AT = 0.35
"""Less sure than an answer, yet worth a 'did you mean': below it a person does better."""
CHOICES = 3
NEAR = 0.72
"""A choice offered scores at least this share of the best one; weaker ones only distract."""
MANY_FEATURES = 40
"""A longer question doesn't get surer by its length."""

# Fitted by `benchmarks/answers/fit.py`; run it again when entries or features change much.
BIAS = -4.41
WEIGHTS = (1.50, 3.20, 3.21, 3.60, 2.24, 0.40)


def signals(matches: Sequence[Match], size: int, *, ours: bool) -> tuple[float, ...]:
    """What confidence is judged by; `size` is the number of the question's features.

    How far the first is ahead counts by itself and by its share: a weak match without a second is
    no strong one.
    """
    best = matches[0]
    ahead = best.score - (matches[1].score if len(matches) > 1 else 0.0)
    share = ahead / (best.score or 1.0)
    return (best.asking, ahead, share, best.coverage, min(size, MANY_FEATURES) / MANY_FEATURES, float(ours))


def probability(values: Sequence[float]) -> float:
    """The calibrated probability for such signals."""
    return 1 / (1 + exp(-(BIAS + sum(w * x for w, x in zip(WEIGHTS, values, strict=True)))))
