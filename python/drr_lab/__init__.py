"""drr-lab from Python: what is recorded of a sweep as frames, what its models recommend, and metrics told from a script.

    import drr_lab

    sweep = drr_lab.load("runs", sweep="quickstart")
    sweep.trials, sweep.metrics, sweep.seeds       # the rows of `drr-lab export`, as frames of pandas or polars
    sweep.policy("3fa9c1").recommend("42", n=10)   # what `drr-lab runs top` lists

    drr_lab.log(step, loss=0.25)                   # in a script that a sweep runs as a [command]

| file | job |
| --- | --- |
| `_sweep` | what people hold: a recorded sweep |
| `_records`, `_database` | what is recorded, read from lab.db |
| `_frames` | columns become frames |
| `_specs`, `_tensors` | a trial's folder: spec, result, model |
| `_policy`, `_actor`, `_rankings` | what a model recommends |
| `_world`, `_ratings`, `_split`, `_stream` | the ratings, divided as the trial had them |
| `_embeddings`, `_onnx` | models for other programs |
| `_program`, `__main__` | the program, found, asked, become |
| `_log` | metrics told from a script; needs nothing of the rest |
"""

from typing import TYPE_CHECKING, Any

from ._errors import Error
from ._log import OUT, PARAMS, SEED, log

if TYPE_CHECKING:
    from ._sweep import Sweep, load

__all__ = ["OUT", "PARAMS", "SEED", "Error", "Sweep", "load", "log"]


def __getattr__(name: str) -> Any:
    # A script that only tells metrics loads nothing of the rest.
    if name in ("load", "Sweep"):
        from . import _sweep

        return getattr(_sweep, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
