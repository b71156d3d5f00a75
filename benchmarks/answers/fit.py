"""Fits the weights of `handlers.answering.confidence`: `python -m benchmarks.answers.fit` prints them."""

from collections import Counter
from collections.abc import Sequence
from math import exp

from benchmarks.answers.samples import Sample, all_samples
from handlers.knowledge import read_words, written_facts

SHARES = {"asking": 0.05, "gap": 0.05, "known": 1.0, "unknown": 1.0, "outside": 0.7}
"""How much a sample counts. Held-out askings are stricter than life: a near entry that answers as well
counts as wrong there."""
STEPS, PULL = 25, 1.0


def fit(samples: Sequence[Sample]) -> list[float]:
    """Bias and weights of a logistic curve, by Newton's method with a slight pull to zero."""
    rows = [((1.0, *sample.signals), float(sample.right), SHARES[sample.origin]) for sample in samples]
    size = len(rows[0][0])
    weights = [0.0] * size
    for _ in range(STEPS):
        slope = [-PULL * weight for weight in weights]
        curve = [[PULL * (i == j) for j in range(size)] for i in range(size)]
        for values, right, share in rows:
            guess = 1 / (1 + exp(-sum(w * x for w, x in zip(weights, values, strict=True))))
            for i, value in enumerate(values):
                slope[i] += share * (right - guess) * value
                for j in range(size):
                    curve[i][j] += share * guess * (1 - guess) * value * values[j]
        weights = [w + step for w, step in zip(weights, solved(curve, slope), strict=True)]
    return weights


def solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """The solution of a small positive definite system, by elimination."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i, row in enumerate(rows):
        for other in rows[i + 1 :]:
            factor = other[i] / row[i]
            other[:] = [a - factor * b for a, b in zip(other, row, strict=True)]
    result = [0.0] * len(rows)
    for i in reversed(range(len(rows))):
        known = sum(rows[i][j] * result[j] for j in range(i + 1, len(rows)))
        result[i] = (rows[i][-1] - known) / rows[i][i]
    return result


def main() -> None:
    """Print the constants, and how good they are by group."""
    samples = all_samples(written_facts(), read_words())
    weights = fit(samples)
    print("samples", dict(Counter(sample.origin for sample in samples)))
    print("first is right", dict(Counter(sample.origin for sample in samples if sample.right)))
    print(f"BIAS = {weights[0]:.2f}")
    print(f"WEIGHTS = ({', '.join(f'{weight:.2f}' for weight in weights[1:])})")


if __name__ == "__main__":
    main()
