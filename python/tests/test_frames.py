"""Frames are what `drr-lab export` writes: the same columns in the same order, and the same values to the last bit."""

import math
import shutil
import sqlite3
import unittest
import unittest.mock
from typing import Any

from . import place

import drr_lab

CONTENTS = ("trials", "metrics", "seeds")
LIBRARIES = ("pandas", "polars")


def compare(test: unittest.TestCase, frame: Any, csv: str, jsonl: str) -> int:
    """Each value of a frame beside what was exported; returns how many were compared."""
    rows, cells, objects, count = place.rows(frame), place.of_csv(csv), place.of_jsonl(jsonl), 0
    test.assertEqual((len(rows), len(rows)), (len(cells), len(objects)))
    test.assertEqual(list(frame.columns), list(cells[0]))
    for row, texts, values in zip(rows, cells, objects):
        for name, value in row.items():
            where = f"{name}: {value!r}, in CSV {texts[name]!r}, in JSON {values.get(name)!r}"
            count += 1
            if value is None:
                test.assertTrue(texts[name] == "" and name not in values, where)
                continue
            test.assertIn(name, values, where)
            if isinstance(value, float):
                test.assertTrue(place.same(value, float(texts[name])), where)
                exact = math.nan if values[name] is None else values[name]
                test.assertTrue(place.same(value, exact) or values[name] is None and not math.isfinite(value), where)
            else:
                test.assertTrue(place.same(value, values[name]), where)
            if isinstance(value, str):
                # A spreadsheet would compute what begins like a formula.
                test.assertIn(texts[name], (value, f"'{value}"), where)
    return count


class Frames(unittest.TestCase):
    def test_they_are_what_is_exported(self) -> None:
        for sweep in ("every", "commands"):
            place.recorded()
            for what in CONTENTS:
                csv, jsonl = (place.exported(sweep, what, form) for form in ("csv", "jsonl"))
                for library in LIBRARIES:
                    with self.subTest(sweep=sweep, what=what, library=library):
                        frame = getattr(place.load(sweep, frames=library), what)
                        self.assertGreater(compare(self, frame, csv, jsonl), 100)

    def test_records_of_older_programs_are_read(self) -> None:
        for form, sweep in (("format-1", "first"), ("format-2", "second")):
            runs = place.folder() / form
            if not runs.exists():
                shutil.copytree(place.REPOSITORY / "tests/fixtures" / form, runs)
            for what in CONTENTS:
                csv, jsonl = (place.exported(sweep, what, how, runs) for how in ("csv", "jsonl"))
                for library in LIBRARIES:
                    with self.subTest(form=form, what=what, library=library):
                        loaded = drr_lab.load(runs, frames=library, program=place.program())
                        self.assertGreater(compare(self, getattr(loaded, what), csv, jsonl), 10)

    def test_what_failed_and_what_waits_is_told(self) -> None:
        """Failures as they come, and a trial that a database says was finished and is not any more."""
        runs = place.folder() / "unfinished"
        shutil.copytree(place.recorded(), runs, dirs_exist_ok=True)
        (place.folder() / "failing.toml").write_text(place.FAILING)
        self.assertEqual(place.run("--runs", str(runs), "sweep", "failing.toml", check=False).returncode, 1)
        failing = drr_lab.load(runs, sweep="failing", program=place.program())
        self.assertEqual(sorted(failing.trials["status"]), ["failed", "finished"])
        self.assertEqual(failing.trials["failure"].notna().sum(), 1)
        database = sqlite3.connect(runs / "lab.db")
        for status in ("failed", "pending", "running"):
            database.execute("UPDATE trial SET status = ?, failure = 'so it is' WHERE id ="
                             " (SELECT max(id) FROM trial WHERE status = 'finished' AND stage = 'eval')", [status])
        database.commit()
        database.close()
        for sweep in ("failing", "every"):
            for what in CONTENTS:
                csv, jsonl = (place.exported(sweep, what, form, runs) for form in ("csv", "jsonl"))
                if not jsonl:
                    self.assertEqual(len(getattr(drr_lab.load(runs, sweep=sweep, program=place.program()), what)), 0)
                    continue
                for library in LIBRARIES:
                    with self.subTest(sweep=sweep, what=what, library=library):
                        loaded = drr_lab.load(runs, sweep=sweep, frames=library, program=place.program())
                        self.assertGreater(compare(self, getattr(loaded, what), csv, jsonl), 0)

    def test_types_are_kept(self) -> None:
        trials = place.load("commands").trials
        kinds = {name: str(trials[name].dtype) for name in trials.columns}
        expected = {"seed": "Int64", "loss": "Float64", "odd": "Float64", "seconds": "Float64", "trial": "string"}
        self.assertEqual({name: kinds[name] for name in expected}, expected)
        self.assertTrue(all(math.isnan(value) for value in trials["odd"]), "what is no number is not missing")
        self.assertFalse(trials["odd"].isna().any())
        lists = next(name for name in trials.columns if name.endswith("size"))
        self.assertEqual(len(trials.groupby(lists)), 2, "lists can be grouped by")
        far = trials["far"]
        self.assertEqual((far.isna().sum(), (far == -math.inf).sum()), (len(far) // 2, len(far) // 2))

    def test_a_sweep_tells_of_itself(self) -> None:
        every = place.load()
        self.assertEqual(len(every.trials), len(place.of_csv(place.exported("every", "trials", "csv"))))
        self.assertEqual(every.axes[0], "drr.state")
        self.assertIn("baselines", every.source)
        self.assertIn("trials finished", repr(every))

    def test_a_journal_holds_what_a_trial_recorded(self) -> None:
        every = place.load()
        trial = every.trials[every.trials["kind"] == "drr"]["trial"].iloc[0]
        points = every.metrics[every.metrics["trial"] == trial]
        journal = every.journal(trial).sort_values(["metric", "step"], kind="stable")
        for name in ("metric", "step", "value"):
            self.assertEqual(journal[name].tolist(), points[name].tolist())
        commands = place.load("commands")
        told = commands.journal(commands.trials["trial"].iloc[0])
        self.assertEqual(len(told), 8 if (told["metric"] == "far").any() else 7)
        self.assertTrue(all(math.isnan(value) for value in told["value"][told["metric"] == "odd"]))

    def test_what_is_not_installed_is_said(self) -> None:
        with unittest.mock.patch.dict("sys.modules", {"pandas": None}):
            with self.assertRaisesRegex(drr_lab.Error, "pip install pandas, or with polars: frames='polars'"):
                drr_lab.load(place.recorded(), sweep="every")
        with self.assertRaisesRegex(drr_lab.Error, "frames is one of pandas, polars"):
            drr_lab.load(place.recorded(), sweep="every", frames="spark")


if __name__ == "__main__":
    unittest.main()
