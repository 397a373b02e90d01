"""What the tests share: the program, a folder with ratings and sweeps of their own, and rows to compare.

`run.py` says where the program is and which folder the tests may fill; without it they take the repository's debug build
and a temporary folder.
"""

import csv
import functools
import io
import json
import math
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict, List

PYTHON = Path(__file__).resolve().parents[1]
REPOSITORY = PYTHON.parent
sys.path.insert(0, str(PYTHON))

import drr_lab  # noqa: E402

# Every state, both scorings, and what else shapes an action; every policy that a model or ratings make.
EVERY = """
name = "every"
dataset = "mine"
seeds = 3
baselines = ["random", "popularity", "item-mean", "pmf", "svdpp", "ease", "pure-svd", "ials", "item-knn", "oracle",
    "drr-untrained", "repeat-history"]

[[zip]]
drr.state = ["ave", "p", "u", "n", "ave", "ave"]
drr.scoring = ["dot", "dot-bias", "dot", "dot-bias", "dot-bias", "dot"]
drr.action_base = ["none", "none", "none", "none", "pmf", "pmf"]
drr.action_norm = ["none", "none", "unit", "none", "none", "unit"]
drr.bounding = ["tanh", "tanh", "tanh", "inverting", "tanh", "inverting"]

[pmf]
k = 18
epochs = 3

[svdpp]
factors = 4
epochs = 2

[ials]
factors = 4
epochs = 2

[pure-svd]
factors = 4

[drr]
history = 3
actor_hidden = [12, 12]
critic_hidden = [12, 12, 12]
train_steps = 60
learning_starts = 20
batch_size = 8
record_every = 10

[offline]
protocol = "strict"
k = [5, 10]
repeats = 2
users = 50
"""

# Metrics that are no numbers, one called as a column, and axes of numbers, words, truths, lists and of several types.
COMMANDS = """
name = "commands"
seeds = 2
[command]
run = ["python3", "train.py"]
code = ["train.py", "drr_lab.py"]
takes = "all"
metrics = { loss = "min", seed = "max", odd = "min" }
env = { PYTHONDONTWRITEBYTECODE = "1" }
[params]
lr = [0.1, 1.0]
opt = ["=sgd", "adam"]
fast = [true, false]
size = [[4, 8], [16]]
"""
TRAIN = """
import drr_lab
lr = drr_lab.PARAMS["lr"]
for step in range(3):
    drr_lab.log(step, loss=lr / 3 / (step + 1), odd=float("nan"))
drr_lab.log(seed=drr_lab.SEED + 0.1)
if lr < 1:
    drr_lab.log(far=float("-inf"))
"""
# Of two trials one fails, and says so in words of its own.
FAILING = """
name = "failing"
seeds = 2
[command]
run = ["python3", "-c", "import os, sys; sys.exit('=no, \u2603' if os.environ['DRR_LAB_SEED'] == '1' else 0)"]
metrics = {}
"""


def program() -> str:
    """The program under test."""
    path = Path(os.environ.get("DRR_LAB_PROGRAM") or REPOSITORY / "target/debug/drr-lab")
    if not path.is_file():
        raise FileNotFoundError(f"{path} is not there: cargo build, or python3 python/tests/run.py PROGRAM FOLDER")
    return str(path.absolute())


@functools.lru_cache(None)
def folder() -> Path:
    """Where the tests write."""
    path = Path(os.environ.get("DRR_LAB_PLACE") or tempfile.mkdtemp(prefix="drr-lab-python-")).absolute()
    path.mkdir(parents=True, exist_ok=True)
    return path


def run(*words: str, cwd: Any = None, check: bool = True) -> "subprocess.CompletedProcess[str]":
    """The program with these words, on the tests' own data."""
    environment = {**os.environ, "DRR_LAB_DATA": str(folder() / "data")}
    done = subprocess.run([program(), *words], cwd=cwd or folder(), env=environment, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    said = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    if check and said.returncode != 0:
        raise AssertionError(f"{words} ended with {said.returncode}: {said.stdout}{said.stderr}")
    return said


def ratings() -> str:
    """Ratings of 120 users of 90 items in two tastes, some of which came at the same time."""
    state, lines = 1, ["user,item,rating,timestamp"]

    def below(bound: int) -> int:
        nonlocal state
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (state >> 33) % bound

    for user in range(120):
        for item in range(90):
            if below(5) < 2:
                stars = 3 + below(3) if (user + item) % 2 == 0 else 1 + below(4)
                # Ids that are words, and numbers that are none.
                name = f"u {user}" if user % 10 == 9 else f"{user}"
                lines.append(f"{name},{'0' if item % 7 == 0 else ''}{item},{stars},{900000 + below(300)}")
    return "\n".join(lines) + "\n"


@functools.lru_cache(None)
def recorded() -> Path:
    """A runs folder with the sweeps `every` and `commands`, made once."""
    place = folder()
    (place / "mine.csv").write_text(ratings())
    run("data", "import", "mine", "mine.csv")
    (place / "every.toml").write_text(EVERY)
    run("sweep", "every.toml")
    (place / "commands.toml").write_text(COMMANDS)
    (place / "train.py").write_text(TRAIN)
    (place / "drr_lab.py").write_bytes((PYTHON / "drr_lab/_log.py").read_bytes())
    run("sweep", "commands.toml")
    return place / "runs"


def load(sweep: str = "every", **options: Any) -> "drr_lab.Sweep":
    """A recorded sweep of the tests."""
    return drr_lab.load(recorded(), sweep=sweep, program=program(), data=folder() / "data", **options)


def exported(sweep: str, what: str, form: str, runs: Any = None) -> str:
    """What `drr-lab export` writes."""
    options = ["--runs", str(runs)] if runs else []
    return run(*options, "export", sweep, "--what", what, "--format", form).stdout


def rows(frame: Any) -> List[Dict[str, Any]]:
    """A frame of either library as rows: None where a value is missing."""
    names = list(frame.columns)
    if type(frame).__module__.startswith("polars"):
        columns = [frame[name].to_list() for name in names]
    else:
        columns = [frame[name].astype(object).tolist() for name in names]
        columns = [[None if type(value).__name__ == "NAType" else value for value in column] for column in columns]
    return [dict(zip(names, row)) for row in zip(*columns)]


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if hasattr(value, "item"):
        value = value.item()
    return [plain(it) for it in value] if isinstance(value, (tuple, list)) else value


def same(one: Any, other: Any) -> bool:
    """The same value to the last bit, and of numbers the same sign of zero; NaN is NaN."""
    one, other = plain(one), plain(other)
    if isinstance(one, float) and isinstance(other, (int, float)) and not isinstance(other, bool):
        if math.isnan(one) or math.isnan(other):
            return math.isnan(one) and math.isnan(other)
        return one == other and math.copysign(1, one) == math.copysign(1, other)
    return type(one) is type(other) and bool(one == other)


def of_jsonl(text: str) -> List[Dict[str, Any]]:
    """Rows of JSON lines."""
    return [json.loads(line) for line in text.split("\n")[:-1]]


def of_csv(text: str) -> List[Dict[str, str]]:
    """Rows of CSV; a header twice is an error."""
    table = list(csv.reader(io.StringIO(text)))
    assert len(set(table[0])) == len(table[0]), table[0]
    return [dict(zip(table[0], row)) for row in table[1:]]
