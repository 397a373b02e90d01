"""What the documentation shows is run: the doctests, docs/python.md from top to bottom, the notebook. Its outputs are not
committed, so they cannot be of another day."""

import ast
import contextlib
import doctest
import importlib
import json
import os
import re
import unittest
from pathlib import Path
from typing import Any, Dict, Iterator, List
from unittest import mock

from . import place

import drr_lab

PAGE, NOTEBOOK = place.REPOSITORY / "docs/python.md", place.REPOSITORY / "docs/examples/a-first-look.ipynb"
# The sweep of the documentation, on the tests' own ratings and in a second.
SMALLER = {'dataset = "ml-100k"': 'name = "quickstart"\ndataset = "mine"', "train_steps = 4_000": "train_steps = 900",
           "learning_starts = 500": "learning_starts = 100\nhistory = 3", "k = [5, 10, 15, 20]": "k = [5]",
           "steps = 600": "steps = 60"}


@contextlib.contextmanager
def quickstart() -> Iterator[Path]:
    """A folder with the sweep, as the current one, where the program is found without being named."""
    place.recorded()
    folder = place.folder() / "documentation"
    (folder / "bin").mkdir(parents=True, exist_ok=True)
    text = (place.REPOSITORY / "sweeps/quickstart.toml").read_text()
    for known, other in SMALLER.items():
        assert text.count(known) == 1, known
        text = text.replace(known, other)
    (folder / "quickstart.toml").write_text(text)
    place.run("sweep", "quickstart.toml", cwd=folder)
    if not (folder / "bin/drr-lab").exists():
        (folder / "bin/drr-lab").symlink_to(place.program())
    before, known = Path.cwd(), {"DRR_LAB_DATA": str(place.folder() / "data"), "MPLBACKEND": "Agg",
                                 "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    with mock.patch.dict(os.environ, known):
        os.chdir(folder)
        try:
            yield folder
        finally:
            os.chdir(before)


def executed(text: str, names: Dict[str, Any]) -> List[Any]:
    """Runs a cell; returns the values of its bare expressions, which a notebook would show."""
    values = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.Expr):
            values.append(eval(compile(ast.Expression(node.value), "cell", "eval"), names))
        else:
            exec(compile(ast.Module([node], []), "cell", "exec"), names)
    return values


class Doctests(unittest.TestCase):
    def test_every_module_has_a_purpose_and_its_examples_hold(self) -> None:
        examples = 0
        for path in sorted((place.PYTHON / "drr_lab").glob("*.py")):
            if path.stem == "__main__":
                continue
            name = "drr_lab" if path.stem == "__init__" else f"drr_lab.{path.stem}"
            module = importlib.import_module(name)
            self.assertTrue(module.__doc__, name)
            done = doctest.testmod(module)
            self.assertEqual(done.failed, 0, name)
            examples += done.attempted
            self.assertLessEqual(len(path.read_text().splitlines()), 300, name)
        self.assertGreater(examples, 12)
        self.assertTrue((place.PYTHON / "drr_lab/py.typed").is_file())


class Page(unittest.TestCase):
    def test_it_runs_from_top_to_bottom(self) -> None:
        blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
        self.assertGreater(len(blocks), 5)
        names: Dict[str, Any] = {}
        with quickstart() as folder:
            shown = [value for block in blocks for value in executed(block, names)]
            self.assertTrue((folder / "vectors/items.npy").exists() and (folder / "actor.onnx").exists())
        lists = [value for value in shown if isinstance(value, list) and len(value) == 10]
        self.assertEqual([len(one) for one in lists], [10, 10])
        means = next(value for value in shown if hasattr(value, "columns") and "mean" in value.columns)
        self.assertEqual(set(means["count"]), {3})


class Notebook(unittest.TestCase):
    def test_its_cells_run_in_order(self) -> None:
        notebook = json.loads(NOTEBOOK.read_text())
        cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
        self.assertGreater(len(cells), 5)
        self.assertTrue(all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells))
        names: Dict[str, Any] = {}
        with quickstart():
            values = [executed("".join(cell["source"]).rstrip(";"), names) for cell in cells]
        self.assertIsInstance(values[0][-1], drr_lab.Sweep)
        self.assertEqual(len(values[-1][-1]), 10, "the last cell shows a list")
        self.assertEqual(len(names["figure"].axes[0].containers), 1, "means and deviations are drawn")
        self.assertGreater(len(names["curve"]), 1)


if __name__ == "__main__":
    unittest.main()
