"""Ratings as they lie in the data folder, or in a folder that `drr-lab data split` wrote."""

import csv
import hashlib
import os
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Tuple, Union

import numpy as np

from ._errors import Error


class Table(NamedTuple):
    """All ratings, by user, item and time; users and items by number, in the order of their ids."""

    users: List[str]
    items: List[str]
    user: np.ndarray
    item: np.ndarray
    rating: np.ndarray
    time: np.ndarray


class Parts(NamedTuple):
    """The rows to learn from, and those held out."""

    train: np.ndarray
    test: np.ndarray


def data_folder(named: Optional[Union[str, Path]] = None) -> Path:
    """The folder of the datasets, by the program's rules: what is named, DRR_LAB_DATA, XDG_DATA_HOME, the home folder."""
    given = named or os.environ.get("DRR_LAB_DATA")
    if given:
        return Path(given)
    for name, below in (("XDG_DATA_HOME", "drr-lab"), ("HOME", ".local/share/drr-lab")):
        folder = Path(os.environ.get(name, ""))
        if folder.is_absolute():
            return folder / below
    raise Error("there is no place for data: HOME is not set", "name one: data=...")


def identity(text: str) -> Tuple[int, int, bytes]:
    """What orders ids: whole numbers by value and before words, words by their bytes.

    >>> sorted(["b", "10", "9", "a", "007"], key=identity)
    ['9', '10', '007', 'a', 'b']
    """
    plain = text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") and int(text) < 2**64
    return (0, int(text), b"") if plain else (1, 0, text.encode())


def _table(rows: Iterable[Tuple[str, str, str, str]]) -> Tuple[Table, np.ndarray]:
    """The table of some rows, and where each of its rows stood."""
    users: Dict[str, int] = {}
    items: Dict[str, int] = {}
    fields = [(users.setdefault(user, len(users)), items.setdefault(item, len(items)), float(rating), int(time))
              for user, item, rating, time in rows]
    user, item, rating, time = (np.array([row[at] for row in fields], kind)
                                for at, kind in enumerate((np.int64, np.int64, np.float32, np.int64)))
    ordered = [sorted(ids, key=identity) for ids in (users, items)]
    for numbers, ids, known in ((user, ordered[0], users), (item, ordered[1], items)):
        place = np.empty(len(ids), np.int64)
        place[[known[name] for name in ids]] = np.arange(len(ids))
        numbers[:] = place[numbers]
    order = np.lexsort((rating, time, item, user))
    return Table(ordered[0], ordered[1], user[order], item[order], rating[order], time[order]), order


def open_table(data: Path, name: str, fingerprint: str) -> Table:
    """A dataset's table, which must be the one that trials were trained on."""
    path = data / name / "ratings.tsv"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Error(f"the ratings of {name} are not in {data}",
                    f"`drr-lab data fetch {name}` or `data import` brings them; data=... names another folder") from None
    if hashlib.sha256(content).hexdigest() != fingerprint:
        raise Error(f"{path} holds other ratings than the trial was trained on", "`drr-lab verify` tells whose differ")
    lines = content.decode().split("\n")[:-1]
    return _table(line.split("\t") for line in lines)[0]  # type: ignore[misc]


def from_folder(folder: Path, fingerprint: Optional[str]) -> Tuple[Table, Parts]:
    """Ratings and their division as `drr-lab data split` wrote them; `fingerprint` if these are all of the dataset's."""
    rows: List[Tuple[str, str, str, str]] = []
    sizes = []
    for part in ("train", "test", "validation"):
        path = folder / f"{part}.csv"
        if path.exists():
            with open(path, newline="", encoding="utf-8") as file:
                own = [tuple(row[name] for name in ("user", "item", "rating", "timestamp")) for row in csv.DictReader(file)]
            rows += own  # type: ignore[arg-type]
            sizes.append(len(own))
    if len(sizes) != 2:
        raise Error(f"{folder} holds no split", "`drr-lab data split … --out DIR` writes one: train.csv and test.csv")
    table, order = _table(rows)
    if fingerprint is not None:
        text = "".join("\t".join(rows[at]) + "\n" for at in order)
        if hashlib.sha256(text.encode()).hexdigest() != fingerprint:
            raise Error(f"{folder} holds other ratings than the trial was trained on", "write the split of its dataset")
    is_train = order < sizes[0]
    return table, Parts(np.flatnonzero(is_train), np.flatnonzero(~is_train))


def titles(data: Path, name: str) -> Dict[str, str]:
    """Titles by item; none where the dataset has no list of items."""
    try:
        lines = (data / name / "items.tsv").read_text(encoding="utf-8").split("\n")[1:]
    except FileNotFoundError:
        return {}
    named = (line.split("\t") for line in lines if line)
    return {item: f"{title} ({year})" if year else title for item, title, year, *_ in named}


def rating_of(table: Table, rows: np.ndarray, user: int) -> Dict[int, Any]:
    """A user's ratings among some rows, by item."""
    own = rows[table.user[rows] == user]
    return dict(zip(table.item[own].tolist(), table.rating[own].tolist()))
