"""Tells drr-lab a trial's metrics. This file needs nothing: it is part of the package `drr_lab`, and where that is not
installed a copy of it, called drr_lab.py, beside a script does the same. The script runs without drr-lab too.

    import drr_lab
    drr_lab.log(step, loss=0.25, accuracy=0.9)

`PARAMS` are the trial's parameters, `SEED` its seed, and what is written into the folder `OUT` is kept with the trial.
"""

import json
import os
from typing import Any, Dict, Optional, TextIO

PARAMS: Dict[str, Any] = json.loads(os.environ.get("DRR_LAB_PARAMS", "{}"))
SEED: int = int(os.environ.get("DRR_LAB_SEED", "0"))
OUT: str = os.environ.get("DRR_LAB_OUT", ".")
_file: Optional[TextIO] = None


def log(step: Optional[int] = None, **values: float) -> None:
    """Appends a line of metrics: numbers by name, at a step, or at the last one told. Outside of a trial it does nothing.

    >>> log(3, loss=0.25)
    """
    global _file
    if _file is None:
        path = os.environ.get("DRR_LAB_METRICS")
        _file = open(path, "a", buffering=1) if path else open(os.devnull, "w")
    line = {name: float(value) for name, value in values.items()}
    print(json.dumps(line if step is None else {"step": int(step), **line}), file=_file)
