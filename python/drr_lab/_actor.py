"""DRR's actor: from a user and a history to an action, and from an action to items' scores.

The sums run in the order of `drr-lab runs top`: one product after another in single precision, so that scores have its
bits, and two items whose scores differ in the last one stand in its order.
"""

from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from ._errors import Error

F = np.float32
Arrays = Dict[str, np.ndarray]

# Below it tanh is a polynomial, from the last one on it is 1. crates/core/src/math.rs has the same numbers.
SMALL, LARGE = F(0.64), F(9.02)
SERIES = [F(it) for it in (-0.3333327, 0.13331091, -0.05370965, 0.020538796, -0.0055909916)]
# ln 2 in two parts, and what rounds to a whole number when it is added and taken away again.
LN_2, WHOLE = (F(0.6933594), F(-2.1219444e-4)), F(12582912.0)
STATES = ("ave", "p", "u", "n")
LEAST_LENGTH = F(1e-6)


def tanh(x: np.ndarray) -> np.ndarray:
    """The hyperbolic tangent as the program computes it on every machine.

    >>> tanh(np.array([0, 0.25, -40], F)).tolist()
    [0.0, 0.24491865932941437, -1.0]
    """
    size = np.minimum(np.abs(x), LARGE)
    square, small = size * size, F(0)
    for factor in reversed(SERIES):
        small = square * (factor + small)
    y = F(2) * size
    shifted = y * F(1.4426950408889634) + WHOLE
    whole = shifted - WHOLE
    rest, series = (y - whole * LN_2[0]) - whole * LN_2[1], F(1) / F(720)
    for divisor in (120, 24, 6, 2, 1, 1):
        series = F(1) / F(divisor) + rest * series
    exponent = shifted.view(np.uint32) - WHOLE.view(np.uint32) + np.uint32(127)
    large = F(1) - F(2) / (series * (exponent << np.uint32(23)).view(F) + F(1))
    return np.where(np.isnan(x), x, np.copysign(np.where(size < SMALL, size + size * small, large), x))


def product(rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Each row times x, added up one product after another. `rows` stands column by column in memory."""
    sums = np.zeros(len(rows), F)
    for column, value in zip(rows.T, x):
        sums += column * value
    return sums


class Actor:
    """A trained actor, the embeddings it stands on, and the settings that shape it."""

    def __init__(self, settings: Dict[str, Any], model: Arrays, pmf: Arrays) -> None:
        self.settings = settings
        self.state_kind: str = settings["state"]
        # Fields that came later say what was done before there were any.
        self.has_bias = settings.get("scoring", "dot") == "dot-bias"
        self.is_unit = settings.get("action_norm", "none") == "unit"
        self.base = settings.get("action_base", "none")
        self.is_bounded = settings.get("bounding", "tanh") == "tanh"
        self.range = F(settings.get("action_range", 1.0))
        if self.state_kind not in STATES:
            raise Error(f"the state {self.state_kind} is not known here", f"known are {', '.join(STATES)}")
        self.users, self.items, self.bias = pmf["user.embedding"], pmf["item.embedding"], pmf["item.bias"]
        self._columns = np.asfortranarray(self.items)
        self.weights = model["state.weight"]
        self.layers = [(np.asfortranarray(model[f"actor.{at}.weight"]), model[f"actor.{at}.bias"]) for at in range(3)]

    @property
    def history(self) -> int:
        """How many items a history has."""
        return len(self.weights)

    def state(self, user: int, history: Sequence[int]) -> np.ndarray:
        """The state of a user after these items, oldest first."""
        p, plain = self.users[user], self.items[list(history)]
        weighted = self.weights[:, None] * plain
        if self.state_kind == "ave":
            mean = np.zeros_like(p)
            for item in weighted:
                mean = mean + item
            return np.concatenate([p, p * mean, mean])
        if self.state_kind == "n":
            return plain.ravel()
        blocks: List[np.ndarray] = list(plain) if self.state_kind == "p" else [p * item for item in weighted]
        pairs = [weighted[a] * weighted[b] for a in range(len(weighted)) for b in range(a + 1, len(weighted))]
        return np.concatenate(blocks + pairs)

    def action(self, state: np.ndarray) -> np.ndarray:
        """The action in a state: factors as an item has, and perhaps one more that weighs items' biases."""
        x = state
        for at, (weight, bias) in enumerate(self.layers):
            x = product(weight, x) + bias
            x = np.maximum(x, F(0)) if at < 2 else self.range * (tanh(x) if self.is_bounded else x)
        if self.base == "pmf":  # Of the state `ave` alone, which begins with the user's factors.
            k = self.items.shape[1]
            x[:k] += state[:k]
            x[k:] += F(1)
        if self.is_unit:
            length = F(0)
            for value in x:
                length = length + value * value
            x = x / (np.sqrt(length) + LEAST_LENGTH)
        return x

    def scores(self, action: np.ndarray, items: Optional[np.ndarray] = None) -> np.ndarray:
        """Scores of all items, or of some."""
        k = self.items.shape[1]
        rows, bias = (self._columns, self.bias) if items is None else (self._columns[items], self.bias[items])
        own = product(rows, action[:k])
        return own + bias * action[k] if self.has_bias else own
