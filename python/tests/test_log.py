"""Metrics told from a script, with the package and with a copy of its one file; and the program behind `python -m`."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from . import place

TELLS = """
import drr_lab, sys
for step in range(3):
    drr_lab.log(step, loss=drr_lab.PARAMS["lr"] / (step + 1))
drr_lab.log(accuracy=True, odd=float("nan"))
print(drr_lab.SEED, drr_lab.OUT, "numpy" in sys.modules, "sqlite3" in sys.modules)
"""


class Log(unittest.TestCase):
    def tell(self, path: str, folder: str, **environment: str) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("DRR_LAB_")}
        done = subprocess.run([sys.executable, "-c", TELLS], cwd=folder, stdout=subprocess.PIPE, check=True,
                              env={**clean, "PYTHONPATH": path, "DRR_LAB_PARAMS": '{"lr": 1}', **environment})
        return done.stdout.decode().strip()

    def test_the_package_and_its_copied_file_tell_the_same(self) -> None:
        told = []
        for copied in (False, True):
            with tempfile.TemporaryDirectory() as folder:
                path = str(place.PYTHON)
                if copied:
                    path = folder
                    (Path(folder) / "drr_lab.py").write_bytes((place.PYTHON / "drr_lab/_log.py").read_bytes())
                metrics = Path(folder) / "metrics.jsonl"
                said = self.tell(path, folder, DRR_LAB_METRICS=str(metrics), DRR_LAB_SEED="7", DRR_LAB_OUT="out")
                self.assertEqual(said, "7 out False False", "nothing else is loaded")
                told.append(metrics.read_text())
                self.assertEqual(self.tell(path, folder), "0 . False False", "outside of a trial it does nothing")
        self.assertEqual(told[0], told[1])
        lines = [json.loads(line) for line in told[0].splitlines()]
        self.assertEqual(lines[1], {"step": 1, "loss": 0.5})
        self.assertEqual((lines[3]["accuracy"], len(lines)), (1.0, 4))

    def test_the_program_stands_behind_the_module(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "drr-lab").symlink_to(place.program())
            module = [sys.executable, "-m", "drr_lab"]
            environment = {**os.environ, "PYTHONPATH": str(place.PYTHON), "PATH": folder, "HOME": folder}
            done = subprocess.run([*module, "--version"], env=environment, stdout=subprocess.PIPE, check=True)
            self.assertTrue(done.stdout.startswith(b"drr-lab "), done.stdout)
            done = subprocess.run([*module, "export", "nothing"], env=environment, cwd=folder, stderr=subprocess.PIPE, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)
            environment["PATH"] = ""
            done = subprocess.run(module, env=environment, stderr=subprocess.PIPE, check=False)
            self.assertEqual((done.returncode, b"error: the program drr-lab is not found" in done.stderr), (1, True), done.stderr)


if __name__ == "__main__":
    unittest.main()
