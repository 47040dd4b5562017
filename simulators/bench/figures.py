"""Medians and percentiles of what a bench measured."""

from collections.abc import Sequence


def percentile(values: Sequence[float], percent: float) -> float:
    """The nearest-rank percentile; NaN when there is nothing."""
    if not values:
        return float("nan")
    ranked = sorted(values)
    rank = -(-len(ranked) * percent // 100)
    return ranked[min(len(ranked), max(1, int(rank))) - 1]


def median(values: Sequence[float]) -> float:
    """The middle value; of an even number, the mean of the two in the middle."""
    if not values:
        return float("nan")
    ranked = sorted(values)
    middle = len(ranked) // 2
    return ranked[middle] if len(ranked) % 2 else (ranked[middle - 1] + ranked[middle]) / 2
