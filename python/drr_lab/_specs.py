"""Specs of trials: what they say in today's shape, whatever format they were written in."""

import hashlib
import json
from pathlib import Path
from typing import Any, Dict, Optional

from ._errors import Error

Spec = Dict[str, Any]

# Specs of formats 1 and 2 name one of three jobs; from 3 on a spec names its kind.
LAST_OF_JOBS = 2
NEWEST = 5


def today(spec: Spec) -> Spec:
    """A spec in the shape that formats from 3 on have.

    >>> today({"format": 1, "job": {"drr": {"pmf": "5f", "drr": {"tau": 0.1}}}, "seed": 1})["upstream"]
    {'pmf': '5f'}
    """
    if spec["format"] > NEWEST:
        raise Error(f"a trial's spec is of format {spec['format']}, newer than is read here", "update this package")
    if spec["format"] > LAST_OF_JOBS:
        return spec
    ((name, job),) = spec["job"].items()
    rest = {key: value for key, value in spec.items() if key != "job"}
    if name == "pmf":
        return {**rest, "kind": name, "settings": job, "upstream": {}}
    if name == "drr":
        return {**rest, "kind": name, "settings": job["drr"], "upstream": {"pmf": job["pmf"]}}
    ((measure, settings),) = job["measure"].items()
    policy, model = next(iter(job["policy"].items())) if isinstance(job["policy"], dict) else (job["policy"], None)
    upstream = {"pmf": job["pmf"], **({"drr": model} if model else {})}
    return {**rest, "kind": measure, "settings": {**settings, "history": job["history"]}, "upstream": upstream,
            "policy": {"kind": policy, "settings": {}}}


def protocol(spec: Spec) -> Optional[str]:
    """What an evaluation may know beforehand; None for what evaluates nothing."""
    if spec.get("policy") is None:
        return None
    # Judging under all protocols starts from no history.
    return "cold" if spec["kind"] == "protocols" else str(spec["settings"].get("protocol", "published"))


def environment(text: Optional[str]) -> Optional[str]:
    """Where a trial ran, in words.

    >>> environment('{"device":"cpu","numerics":"own-1"}')
    'cpu, own-1'
    """
    if text is None:
        return None
    known = json.loads(text)
    libtorch = f"libtorch {known['libtorch']}" if known.get("libtorch") else ""
    words = (libtorch, known.get("isa"), known.get("device"), known.get("numerics"))
    return ", ".join(word for word in words if word)


def read(runs: Path, trial: str) -> Spec:
    """The spec in a trial's folder, whose name is its digest."""
    path = runs / "trials" / trial / "spec.json"
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise Error(f"trial {trial[:12]} has no folder in {runs}", "it was not begun, or its folder was moved") from None
    if hashlib.sha256(text).hexdigest() != trial:
        raise Error(f"{path} was changed", "`drr-lab verify` tells what else was")
    return today(json.loads(text))


def finished(runs: Path, trial: str) -> Spec:
    """The result of a trial that is finished."""
    path = runs / "trials" / trial / "result.json"
    try:
        return dict(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise Error(f"trial {trial[:12]} is not finished", "run its sweep again to finish it") from None


def model_bytes(runs: Path, trial: str) -> bytes:
    """The model of a finished trial, which must be as it was recorded."""
    expected = finished(runs, trial).get("model_digest")
    if expected is None:
        kind = read(runs, trial)["kind"]
        raise Error(f"trial {trial[:12]} leaves no model", f"its kind is {kind}; name a trial that trains one")
    path = runs / "trials" / trial / "model.safetensors"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise Error(f"{path} is gone", "run its sweep again") from None
    if hashlib.sha256(content).hexdigest() != expected:
        raise Error(f"{path} was changed", "`drr-lab verify` tells what else was")
    return content
