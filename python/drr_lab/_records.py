"""What is recorded of a sweep, read from its database in one moment, and the columns that `drr-lab export` has for it."""

import json
import math
import sqlite3
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from . import _specs
from ._database import sweep_names
from ._errors import Error
from ._frames import Column

Metrics = Dict[str, float]


class Trial(NamedTuple):
    """A trial at its place in a sweep."""

    row: int
    id: str
    stage: str
    spec: _specs.Spec
    point: Dict[str, Any]
    status: str
    failure: Optional[str]
    seconds: Optional[float]
    environment: Optional[str]
    metrics_digest: Optional[str]
    metrics: Metrics


class Record(NamedTuple):
    """A sweep: its file, its axes in the file's order, its trials in the order of reports."""

    name: str
    source: str
    axes: List[str]
    trials: List[Trial]


def _value(stored: Optional[float]) -> float:
    """A number of the database, which has nothing for NaN."""
    return math.nan if stored is None else stored


def _sweep(connection: sqlite3.Connection, name: Optional[str]) -> Tuple[int, str, str, str]:
    known = sweep_names(connection)
    if not known:
        raise Error("no sweep is recorded", "run one: drr-lab sweep FILE")
    if name is None and len(known) > 1:
        raise Error("several sweeps are recorded", f"name one by sweep=...: {', '.join(known)}")
    wanted = known[0] if name is None else name
    found = connection.execute("SELECT id, name, source, axes FROM sweep WHERE name = ?", [wanted]).fetchone()
    if found is None:
        raise Error(f"no sweep called {wanted!r} is recorded", f"recorded are: {', '.join(known)}")
    row, name, source, axes = found
    return row, name, source, axes


def read(connection: sqlite3.Connection, name: Optional[str]) -> Record:
    """A recorded sweep; the only one if none is named."""
    row, name, source, axes = _sweep(connection, name)
    finals: Dict[int, Metrics] = {}
    for trial, metric, value in connection.execute(
        "SELECT result.trial, metric.name, result.value FROM result JOIN metric ON metric.id = result.metric"
        " WHERE result.trial IN (SELECT trial FROM member WHERE sweep = ?)", [row]):
        finals.setdefault(trial, {})[metric] = _value(value)
    trials, specs = [], {}
    for at, hash_, stage, spec, point, status, failure, seconds, environment, digest in connection.execute(
        "SELECT trial.id, hash, stage, spec, point, status, failure, wall_s, environment, metrics_digest"
        " FROM member JOIN trial ON trial.id = member.trial WHERE member.sweep = ? ORDER BY member.position", [row]):
        if at not in specs:
            specs[at] = _specs.today(json.loads(spec))
        metrics = finals.get(at, {}) if status == "finished" else {}
        trials.append(Trial(at, hash_, stage, specs[at], json.loads(point), status, failure, seconds,
                            _specs.environment(environment), digest, metrics))
    return Record(name, source, json.loads(axes), trials)


def header(metric: str, others: List[str]) -> str:
    """A metric's column: its name, told from another column of that name by what it is."""
    return f"metric {metric}" if metric in others else metric


def of_trials(record: Record) -> List[Column]:
    """A row a trial: the columns of `--what trials`."""
    trials = record.trials
    specs = [trial.spec for trial in trials]
    datasets = [spec.get("dataset") or {} for spec in specs]

    def column(name: str, values: List[Any], type_: str = "text") -> Column:
        return Column(name, values, type_)

    columns = [
        column("trial", [trial.id for trial in trials]),
        column("stage", [trial.stage for trial in trials]),
        column("kind", [spec["kind"] for spec in specs]),
        column("policy", [(spec.get("policy") or {}).get("kind") for spec in specs]),
        column("protocol", [_specs.protocol(spec) for spec in specs]),
        column("dataset", [dataset.get("name") for dataset in datasets]),
        column("fingerprint", [dataset.get("fingerprint") for dataset in datasets]),
        column("seed", [spec["seed"] for spec in specs], "whole"),
        column("status", [trial.status for trial in trials]),
        column("failure", [trial.failure for trial in trials]),
        column("seconds", [trial.seconds for trial in trials], "number"),
        column("metrics_digest", [trial.metrics_digest for trial in trials]),
        column("environment", [trial.environment for trial in trials]),
    ]
    columns += [column(axis, [trial.point.get(axis) for trial in trials], "any") for axis in record.axes]
    headers = [it.name for it in columns]
    for name in sorted({name for trial in trials for name in trial.metrics}):
        columns.append(column(header(name, headers), [trial.metrics.get(name) for trial in trials], "number"))
    return columns


def of_points(connection: sqlite3.Connection, record: Record) -> List[Column]:
    """A row a recorded point: the columns of `--what metrics`. Trials in the sweep's order, metrics by name, then steps."""
    import numpy as np

    names = dict(connection.execute("SELECT id, name FROM metric").fetchall())
    ordered = sorted(names, key=names.__getitem__)
    place = np.zeros(max(ordered, default=0) + 1, np.int64)
    place[ordered] = np.arange(len(ordered))
    known: Dict[int, Tuple[Any, Any, Any]] = {}
    parts = []
    for trial in record.trials:
        if trial.row not in known:
            rows = connection.execute(
                "SELECT metric, step, value FROM point WHERE trial = ? ORDER BY metric, step", [trial.row]).fetchall()
            metric, step, value = zip(*rows) if rows else ((), (), ())
            places = place[np.array(metric, np.int64)]
            order = np.argsort(places, kind="stable")  # Steps are in order within a metric.
            known[trial.row] = (places[order], np.array(step, np.int64)[order], np.array(value, np.float64)[order])
        parts.append(known[trial.row])
    metrics, steps, values = (np.concatenate([part[at] for part in parts]) if parts else np.array([], float)
                              for at in range(3))
    # One text for all rows that have it.
    by_place = np.array([names[metric] for metric in ordered], object)
    ids = np.repeat(np.array([trial.id for trial in record.trials], object), [len(part[0]) for part in parts])
    return [Column("trial", ids.tolist(), "text"), Column("metric", by_place[metrics.astype(int)].tolist(), "text"),
            Column("step", steps, "whole"), Column("value", values, "number")]


def of_seeds(lines: List[str], record: Record) -> List[Column]:
    """A row a group and seed: the columns of `--what seeds`, whose rows in JSON are `lines`."""
    rows = [json.loads(line) for line in lines]
    finals = {trial.id: trial.metrics for trial in record.trials}
    fixed = ["study", "policy", *record.axes, "seed", "trial"]
    metrics = sorted({key for row in rows for key in row} - set(fixed))
    names = {header(name, fixed): name for trial in finals.values() for name in trial}

    def value(row: Dict[str, Any], key: str) -> Optional[float]:
        # JSON has nothing for what is no finite number; the database has.
        found = row.get(key)
        return finals[row["trial"]].get(names[key], math.nan) if key in row and found is None else found

    types = {"study": "text", "policy": "text", "seed": "whole", "trial": "text"}
    columns = [Column(name, [row.get(name) for row in rows], types.get(name, "any")) for name in fixed]
    # In the order of the metrics' own names, as `metric NAME` stands where NAME would.
    for key in sorted(metrics, key=lambda key: names.get(key, key)):
        columns.append(Column(key, [value(row, key) for row in rows], "number"))
    return columns
