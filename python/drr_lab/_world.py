"""The ratings of a trial as its policy sees them: divided, as rewards, by user."""

import math
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from . import _ratings, _split
from ._errors import Error
from ._ratings import Table

F = np.float32


class Scale(NamedTuple):
    """How ratings become rewards."""

    low: np.float32
    high: np.float32
    is_log: bool
    positive: Optional[float]

    @classmethod
    def of(cls, rule: Optional[Dict[str, Any]]) -> "Scale":
        """The scale that a spec names; stars if it names none."""
        rule = rule or {"scale": "1..5"}
        text = rule["scale"]
        low, _, high = text[4 if text.startswith("log ") else 0 :].partition("..")
        return cls(F(low), F(high), text.startswith("log "), rule.get("positive"))

    def rewards(self, ratings: np.ndarray) -> np.ndarray:
        """From -1 at the lower end to 1 at the upper.

        >>> Scale.of(None).rewards(np.array([1, 4.5], F)).tolist()
        [-1.0, 0.75]
        """
        if self.is_log:
            low, high = math.log(self.low), math.log(self.high)
            at = np.array([math.log(max(float(it), float(self.low))) for it in ratings.tolist()])
            return ((at - (low + high) / 2) / ((high - low) / 2)).astype(F)
        return (ratings - (self.low + self.high) / F(2)) / ((self.high - self.low) / F(2))

    @property
    def least_positive(self) -> np.float32:
        """The least reward that is positive: above 0, unless a rating is named."""
        return np.finfo(F).tiny if self.positive is None else self.rewards(np.array([self.positive], F))[0]

    @property
    def unit(self) -> float:
        """What a unit of reward is on the ratings' scale."""
        return 1.0 if self.is_log else (float(self.high) - float(self.low)) / 2

    @property
    def centre(self) -> float:
        """The rating whose reward is 0; on a logarithmic scale the least reward is worth nothing."""
        return 1.0 if self.is_log else (float(self.low) + float(self.high)) / 2


class World:
    """A dataset, divided as a trial has it."""

    def __init__(self, table: Table, parts: _ratings.Parts, scale: Scale, titles: Dict[str, str]) -> None:
        self.table, self.parts, self.scale, self._titles = table, parts, scale, titles
        rows = parts.train
        self.user, self.item = table.user[rows], table.item[rows]
        self.reward, self.time = scale.rewards(table.rating[rows]), table.time[rows]
        self.is_positive = self.reward >= scale.least_positive
        self._starts = np.searchsorted(self.user, np.arange(len(table.users) + 1))
        self._numbers = {name: at for at, name in enumerate(table.users)}

    @property
    def users(self) -> List[str]:
        """The users' ids."""
        return self.table.users

    @property
    def items(self) -> List[str]:
        """The items' ids."""
        return self.table.items

    def number(self, user: Union[str, int]) -> int:
        """A user's number, by id."""
        try:
            return self._numbers[str(user)]
        except KeyError:
            raise Error(f"there is no user {str(user)!r}",
                        f"there are {len(self.users)}, the first is {self.users[0]!r}") from None

    def title(self, item: int) -> str:
        """An item's title, or its id in words."""
        name = self.items[item]
        return self._titles.get(name, f"item {name}")

    def train(self, user: int) -> slice:
        """Where a user's train ratings stand, by item."""
        return slice(int(self._starts[user]), int(self._starts[user + 1]))

    def latest_positive(self, user: int, count: int) -> Tuple[List[int], int]:
        """The latest positive train items, oldest first, and how many there are; too few make no history."""
        own = self.train(user)
        liked = sorted(zip(self.time[own][self.is_positive[own]].tolist(), self.item[own][self.is_positive[own]].tolist()))
        return [item for _, item in liked[len(liked) - count :]] if len(liked) >= count else [], len(liked)

    def held_out(self, user: int) -> Dict[int, float]:
        """A user's held-out ratings, by item."""
        return _ratings.rating_of(self.table, self.parts.test, user)


def of(spec: Dict[str, Any], data: Path, folder: Optional[Path]) -> World:
    """The world of a trial: from the data folder, or from a folder that `drr-lab data split` wrote."""
    dataset, split = spec.get("dataset"), spec.get("split")
    if dataset is None or split is None:
        raise Error("this trial stands on no ratings", "name one that does")
    scale = Scale.of(spec.get("reward"))
    if folder is not None:
        is_whole = split.get("held_out", "test") == "test" and split["kind"] != "given" and not (
            split.get("min_per_user") or split.get("min_per_item"))
        table, parts = _ratings.from_folder(folder, dataset["fingerprint"] if is_whole else None)
    elif dataset.get("synthetic"):
        raise Error("this trial's ratings were made up by the program, and Python does not make them",
                    "write them: drr-lab data split --sweep FILE --out DIR, and give split=DIR")
    else:
        table = _ratings.open_table(data, dataset["name"], dataset["fingerprint"])
        parts = _split.divide(table, split, data)
    return World(table, parts, scale, _ratings.titles(data, dataset["name"]))
