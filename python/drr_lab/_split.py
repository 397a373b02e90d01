"""Divides ratings as a trial's spec says (docs/data.md, "Splits"), into the very parts that the trial was trained and
tested on."""

import hashlib
from pathlib import Path
from typing import Any, Dict, List

import numpy as np

from ._errors import Error
from ._ratings import Parts, Table
from ._stream import Stream

BY_TIME = ("temporal", "time", "leave-last")


def divide(table: Table, split: Dict[str, Any], data: Path) -> Parts:
    """The parts of a table. With a held-out validation part the train part is divided once more."""
    rules = _Rules(table, split)
    rows = np.arange(len(table.user))
    if split["kind"] == "given":
        given = _given(data, split.get("from", ""), len(rows))
        outer = Parts(given.train[rules.enough[given.train]], given.test[rules.enough[given.test]])
    else:
        outer = rules.divide(rows[rules.enough], "split")
    return outer if split.get("held_out", "test") == "test" else rules.divide(outer.train, "split/validation")


def _given(data: Path, name: str, count: int) -> Parts:
    """A division that files gave, kept by what it says: a bit a rating for test, then one for train."""
    path = data / "splits" / f"{name}.parts"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Error(f"the given split {name[:12]} is not in {path.parent}", "run the sweep again where its file lies") from None
    half = (count + 7) // 8
    if hashlib.sha256(content).hexdigest() != name or len(content) != 2 * half:
        raise Error(f"{path} was changed, or is of other ratings", "run the sweep again where the split's file lies")
    bits = np.unpackbits(np.frombuffer(content, np.uint8).reshape(2, half), axis=1, bitorder="little")[:, :count]
    return Parts(np.flatnonzero(bits[1]), np.flatnonzero(bits[0]))


def _share(count: int, part: float) -> int:
    """A share of a number, rounded; halves up.

    >>> _share(5, 0.5), _share(4, 0.3)
    (3, 1)
    """
    exact = count * part
    return int(exact) + (exact - int(exact) >= 0.5)


class _Rules:
    """The rules of one split over one table."""

    def __init__(self, table: Table, split: Dict[str, Any]) -> None:
        self.table, self.split, self.kind, self.seed = table, split, split["kind"], split.get("seed", 0)
        self.place = np.arange(len(table.user))
        # Of equally late ratings the later: by a shuffle of all, or by item.
        if self.kind in BY_TIME and split.get("ties", "item") == "shuffled":
            order = Stream(self.seed, "split/ties").shuffled(self.place)
            self.place = np.empty_like(order)
            self.place[order] = np.arange(len(order))
        self.enough = self._with_enough(split.get("min_per_user", 0), split.get("min_per_item", 0))

    def _with_enough(self, per_user: int, per_item: int) -> np.ndarray:
        """The ratings that are left where users and items with too few are left out, until all have enough."""
        user, item = self.table.user, self.table.item
        stays = np.ones(len(user), bool)
        while True:
            users, items = (np.bincount(of[stays], minlength=int(of.max(initial=0)) + 1) for of in (user, item))
            left = stays & (users[user] >= per_user) & (items[item] >= per_item)
            if left.sum() == stays.sum():
                return stays
            stays = left

    def divide(self, rows: np.ndarray, name: str) -> Parts:
        """The parts of some rows, ascending; what is drawn comes from the stream of this name."""
        stream, split, kind = Stream(self.seed, name), self.split, self.kind
        count, part = len(rows), split.get("test", 0.2)
        if kind in ("random", "given"):
            test = stream.shuffled(rows)[: _share(count, part)]
        elif kind == "folds":
            fold, folds = split.get("fold", 0) if name == "split" else 0, split.get("folds", 5)
            test = stream.shuffled(rows)[count * fold // folds : count * (fold + 1) // folds]
        elif kind == "by-user":
            test = _joined([stream.shuffled(own)[: _share(len(own), part)] for own in self._by_user(rows)])
        elif kind == "temporal":
            test = _joined([self._latest(own, _share(len(own), part)) for own in self._by_user(rows)])
        elif kind == "time":
            test = self._latest(rows, _share(count, part))
        elif kind == "leave-last":
            last = split.get("last", 1)
            test = _joined([self._latest(own, last) for own in self._by_user(rows) if len(own) > last])
        else:
            raise Error(f"a split of the kind {kind} is not known here", "write it with `drr-lab data split` and give split=DIR")
        test = np.sort(test)
        return Parts(rows[~np.isin(rows, test, assume_unique=True)], test)

    def _by_user(self, rows: np.ndarray) -> List[np.ndarray]:
        if not len(rows):
            return []
        users = self.table.user[rows]
        return np.split(rows, np.flatnonzero(users[1:] != users[:-1]) + 1)

    def _latest(self, rows: np.ndarray, count: int) -> np.ndarray:
        order = np.lexsort((self.place[rows], self.table.time[rows]))
        return rows[order[len(rows) - count :]]


def _joined(parts: List[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, np.int64)
