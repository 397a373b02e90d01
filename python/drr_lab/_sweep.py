"""A recorded sweep, as people hold it: frames of its trials, points and seeds, and what its models recommend."""

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, Optional, Tuple, Union

from . import _database, _frames, _program, _records, _specs, _tensors
from ._errors import Error

if TYPE_CHECKING:
    import numpy as np

    from ._embeddings import Embeddings
    from ._policy import Policy
    from ._world import World

Where = Union[str, Path]
# Fewer digits are too easily a slip, as for the program.
FEWEST_DIGITS = 4


def load(runs: Where = "runs", sweep: Optional[str] = None, *, frames: str = "pandas", data: Optional[Where] = None,
         program: Optional[Where] = None) -> "Sweep":
    """A recorded sweep, read from the database of a runs folder, also while it runs; the only one, if none is named.

    `frames` is `pandas` or `polars`. `data` is the folder of the datasets, if it is not the usual one, and `program` the
    file of drr-lab, if it is neither installed with this package nor in PATH.
    """
    _frames.backend(frames)  # One that is missing is an error before anything is read.
    folder = Path(runs)
    with _database.reading(folder) as connection:
        record = _records.read(connection, sweep)
    return Sweep(folder, record, frames, data, program)


class Sweep:
    """A recorded sweep as it was when it was loaded; `points` and `seeds` are read when they are first asked for."""

    def __init__(self, runs: Path, record: _records.Record, frames: str, data: Optional[Where],
                 program: Optional[Where]) -> None:
        self.runs, self._record, self._frames, self._data, self._program = runs, record, frames, data, program
        self._made: Dict[str, Any] = {}
        self._kept: "Optional[Tuple[str, World]]" = None

    def __repr__(self) -> str:
        finished = sum(trial.status == "finished" for trial in self._record.trials)
        return f"<sweep {self.name}: {finished} of {len(self._record.trials)} trials finished>"

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def axes(self) -> List[str]:
        """What it varies, in the order of its file; seeds are no axis."""
        return list(self._record.axes)

    @property
    def source(self) -> str:
        """The text of the sweep file."""
        return self._record.source

    def _frame(self, name: str, columns: Any) -> Any:
        if name not in self._made:
            self._made[name] = _frames.frame(self._frames, columns())
        return self._made[name]

    @property
    def trials(self) -> Any:
        """A row a trial: what it is, its values on the axes, how it ended, its final metrics."""
        return self._frame("trials", lambda: _records.of_trials(self._record))

    @property
    def metrics(self) -> Any:
        """A row a recorded point of a finished trial: trial, metric, step, value."""

        def columns() -> List[_frames.Column]:
            with self._reading() as connection:
                return _records.of_points(connection, self._record)

        return self._frame("metrics", columns)

    @property
    def seeds(self) -> Any:
        """A row a group and seed: what the report's tables are made from. The program says which trials belong together."""

        def columns() -> List[_frames.Column]:
            words = ["export", "--what=seeds", "--format=jsonl", "--", self.name]
            lines = _program.ask(self._program, self.runs, words)
            with self._reading() as connection:  # Afterwards: what the program saw is there now.
                return _records.of_seeds(lines, _records.read(connection, self.name))

        return self._frame("seeds", columns)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Any]:
        with _database.reading(self.runs) as connection:
            yield connection

    def trial(self, trial: Any) -> str:
        """The whole id of a trial: of an id or its beginning, or of a row of `trials`, `metrics` or `seeds`."""
        if not isinstance(trial, str):
            try:
                trial = trial.trial if hasattr(trial, "trial") else trial["trial"]
            except (KeyError, IndexError, TypeError):
                raise Error(f"{trial!r} names no trial", "give an id, the beginning of one, or a row of .trials") from None
            if not isinstance(trial, str):
                trial = trial.item() if getattr(trial, "shape", None) == (1,) else str(list(trial)[:2])
        start = trial.lower()
        if len(start) < FEWEST_DIGITS or set(start) - set("0123456789abcdef"):
            raise Error(f"{trial!r} names no trial", f"an id begins with {FEWEST_DIGITS} or more hexadecimal digits")
        found = [it.id for it in self._record.trials if it.id == start][:1] or self._beginning(start)
        if not found:
            raise Error(f"no trial's id begins with {trial!r}", "the column `trial` of .trials has those of the sweep")
        if len(found) > 1:
            some = ", ".join(name[:12] for name in found[:5])
            raise Error(f"{len(found)} trials' ids begin with {trial!r}", f"give more digits: {some}")
        return found[0]

    def _beginning(self, start: str) -> List[str]:
        folders = self.runs / "trials"
        names = {path.name for path in folders.iterdir()} if folders.is_dir() else set()
        names |= {trial.id for trial in self._record.trials}
        return sorted(name for name in names if len(name) == 64 and name.startswith(start))

    def spec(self, trial: Any) -> Dict[str, Any]:
        """All that decides a trial's result: its kind, settings, seed, ratings, and the trials it stands on."""
        return _specs.read(self.runs, self.trial(trial))

    def journal(self, trial: Any) -> Any:
        """What a trial has recorded until now, in the order in which it did: metric, step, value; also of one that runs."""
        path = self.runs / "trials" / self.trial(trial) / "journal.jsonl"
        try:
            lines = path.read_bytes().split(b"\n")[1:-1]  # A last line without an end is still being written.
        except FileNotFoundError:
            raise Error(f"there is no {path}", "the trial was not begun") from None
        points = [point for line in lines for point in json.loads(line)["points"]]
        # What is no finite number is a word there: "NaN", "inf", "-inf".
        values = [float(value) for _, _, value in points]
        return _frames.frame(self._frames, [
            _frames.Column("metric", [name for name, _, _ in points], "text"),
            _frames.Column("step", [step for _, step, _ in points], "whole"),
            _frames.Column("value", values, "number")])

    def model(self, trial: Any) -> "Dict[str, np.ndarray]":
        """The arrays of a trial's model, by name; they must be those that were recorded."""
        name = self.trial(trial)
        path = self.runs / "trials" / name / "model.safetensors"
        return _tensors.read(path, _specs.model_bytes(self.runs, name))

    def policy(self, trial: Any, split: Optional[Where] = None) -> "Policy":
        """What recommends: the policy that a trial evaluates, or that ranks by the model it trained.

        It needs the ratings of the dataset, and divides them as the trial did; or a folder that `drr-lab data split` wrote.
        """
        from . import _policy

        return _policy.of(self.runs, self.trial(trial), lambda spec: self._world(spec, split))

    def embeddings(self, trial: Any, split: Optional[Where] = None) -> "Embeddings":
        """Vectors of users and items, of a factorisation or of the one that a recommender stands on."""
        from . import _embeddings

        name = _embeddings.model_of(self.runs, self.trial(trial))
        vectors = _embeddings.read(self.runs, name)
        try:
            world = self._world(_specs.read(self.runs, name), split)
        except Error:
            if split is not None:
                raise
            return vectors  # They are worth having without the ratings.
        return _embeddings.Embeddings(vectors.arrays, {"user_ids": world.users, "item_ids": world.items})

    def _world(self, spec: _specs.Spec, split: Optional[Where]) -> "World":
        """The ratings of a trial; those of the last one are kept, as many trials share them."""
        from . import _ratings, _world

        key = json.dumps([spec.get("dataset"), spec.get("split"), spec.get("reward"), str(split)])
        if self._kept is None or self._kept[0] != key:
            folder = None if split is None else Path(split)
            self._kept = key, _world.of(spec, _ratings.data_folder(self._data), folder)
        return self._kept[1]
