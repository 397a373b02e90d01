"""Reading disturbs nobody and needs little: beside a sweep that writes, where nothing can be written, whatever a sweep is
called; and what cannot be read is said with the mend."""

import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
import unittest
from pathlib import Path
from typing import Any, Callable
from unittest import mock

from . import place

import drr_lab

LONG = place.EVERY.replace('"every"', '"long"').replace("seeds = 3", "seeds = 5").replace("train_steps = 60", "train_steps = 1500")


def digest(folder: Path) -> "dict[str, tuple[int, int]]":
    return {str(path): (path.stat().st_size, path.stat().st_mtime_ns) for path in sorted(folder.rglob("*"))}


class Beside(unittest.TestCase):
    def test_a_sweep_is_read_while_it_runs(self) -> None:
        place.recorded()
        (place.folder() / "long.toml").write_text(LONG)
        runs = place.folder() / f"runs-{time.monotonic_ns()}"
        environment = {**os.environ, "DRR_LAB_DATA": str(place.folder() / "data")}
        running = subprocess.Popen([place.program(), "--runs", str(runs), "sweep", "long.toml", "--jobs", "1"],
                                   cwd=place.folder(), env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        seen, points, partial, journals = [], [], 0, 0
        try:
            while running.poll() is None:
                try:
                    sweep = drr_lab.load(runs, sweep="long", program=place.program())
                except drr_lab.Error as error:
                    self.assertRegex(str(error), "nothing is recorded in|no sweep is recorded|there is no .*lab.db")
                    continue
                trials = sweep.trials
                finished = int((trials["status"] == "finished").sum())
                seen.append(finished)
                points.append(len(sweep.metrics))
                partial += 0 < finished < len(trials)
                for name in trials["trial"][trials["status"] == "running"][:1]:
                    try:
                        journals += len(sweep.journal(name)) > 0
                    except drr_lab.Error as error:
                        self.assertIn("was not begun", str(error))
                if partial and len(sweep.seeds):
                    self.assertGreaterEqual(len(trials), len(sweep.seeds["trial"].unique()))
        finally:
            running.kill()
            said = running.communicate()[1].decode()
        self.assertEqual(running.returncode, 0, said)
        self.assertEqual((seen, points), (sorted(seen), sorted(points)), "nothing that was there is gone")
        self.assertGreater(partial, 3, "it was read in the midst")
        self.assertGreater(journals, 0, "so was a journal that was being written")
        self.assertTrue((drr_lab.load(runs, sweep="long").trials["status"] == "finished").all())

    def test_reading_changes_nothing(self) -> None:
        runs = place.folder() / "untouched"
        shutil.copytree(place.recorded(), runs, dirs_exist_ok=True)
        before = digest(runs / "trials"), (runs / "lab.db").read_bytes()
        every = drr_lab.load(runs, sweep="every", program=place.program(), data=place.folder() / "data")
        every.policy(every.trials[every.trials["kind"] == "drr"].iloc[0]).recommend("0")
        self.assertTrue(len(every.metrics) and len(every.seeds))
        self.assertEqual((digest(runs / "trials"), (runs / "lab.db").read_bytes()), before)


class Frozen(unittest.TestCase):
    """In a folder that cannot be written. Who may write everywhere gives that up first, in a process of its own."""

    def frozen(self, prepare: Callable[[Path], None], read: Callable[[Path], Any]) -> Any:
        runs = Path(tempfile.mkdtemp(prefix="drr-lab-frozen-")) / "runs"
        shutil.copytree(place.recorded(), runs)
        prepare(runs)
        for path in [runs.parent, runs, *runs.rglob("*")]:
            path.chmod(0o555 if path.is_dir() else 0o444)
        read(place.recorded())  # Everything that it imports is there before rights are given up.
        out, into = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                if os.getuid() == 0:
                    os.setgroups([])
                    os.setgid(65534)
                    os.setuid(65534)
                told: Any = {"can write": os.access(runs, os.W_OK), "read": read(runs)}
            except BaseException as error:
                told = {"error": repr(error)}
            os.write(into, json.dumps(told).encode())
            os._exit(0)
        os.close(into)
        with open(out, "rb") as answer:
            told = json.loads(answer.read())
        os.waitpid(child, 0)
        for path in [runs.parent, runs, *runs.rglob("*")]:
            path.chmod(0o755)
        shutil.rmtree(runs.parent)
        self.assertNotIn("error", told, told)
        self.assertFalse(told["can write"])
        return told["read"]

    @staticmethod
    def counted(runs: Path) -> "list[int]":
        sweep = drr_lab.load(runs, sweep="every")
        return [len(sweep.trials), len(sweep.metrics)]

    def test_a_folder_that_cannot_be_written_is_read(self) -> None:
        self.assertEqual(self.frozen(lambda runs: None, self.counted), self.counted(place.recorded()))

    def test_what_a_killed_sweep_left_beside_the_database_is_read(self) -> None:
        def unfinished(runs: Path) -> None:
            database, copy = runs / "lab.db", runs.parent / "copy"
            copy.mkdir()
            writer = sqlite3.connect(database)
            writer.execute("PRAGMA journal_mode = wal")
            writer.execute("UPDATE sweep SET name = 'renamed' WHERE name = 'every'")
            writer.commit()
            for name in ("lab.db", "lab.db-wal"):  # As they lie after a kill: the log was not taken into the database.
                shutil.copyfile(runs / name, copy / name)
            writer.close()
            for path in runs.glob("lab.db*"):
                path.unlink()
            for path in copy.iterdir():
                shutil.move(str(path), str(runs / path.name))
            self.assertGreater((runs / "lab.db-wal").stat().st_size, 0)

        def renamed(runs: Path) -> int:
            return len(drr_lab.load(runs, sweep="every" if runs == place.recorded() else "renamed").trials)

        self.assertEqual(self.frozen(unfinished, renamed), renamed(place.recorded()))


class Names(unittest.TestCase):
    HOSTILE = "'; DROP TABLE trial; --"

    def test_no_name_is_more_than_a_name(self) -> None:
        runs = place.folder() / "hostile"
        shutil.copytree(place.recorded(), runs, dirs_exist_ok=True)
        database = sqlite3.connect(runs / "lab.db")
        names = [self.HOSTILE, "--out=stolen", "../../every", "a\nb", "ünï ☃"]
        # The sweep under each of these names, its trials too.
        for name in names:
            database.execute("DELETE FROM member WHERE sweep IN (SELECT id FROM sweep WHERE name = ?)", [name])
            database.execute("DELETE FROM sweep WHERE name = ?", [name])
            database.execute("INSERT INTO sweep (name, source, axes) SELECT ?, source, axes FROM sweep WHERE name = 'every'", [name])
            database.execute("INSERT INTO member SELECT (SELECT id FROM sweep WHERE name = ?), position, trial, point FROM member"
                             " WHERE sweep = (SELECT id FROM sweep WHERE name = 'every')", [name])
        database.commit()
        database.close()
        every = place.load()
        for name in names:
            sweep = drr_lab.load(runs, sweep=name, program=place.program())
            for what in ("trials", "metrics", "seeds"):
                self.assertEqual(len(getattr(sweep, what)), len(getattr(every, what)), (name, what))
        self.assertFalse(list(place.folder().rglob("stolen*")) or Path("stolen").exists())
        self.assertEqual(len(drr_lab.load(runs, sweep="every").trials), len(every.trials))

    def test_a_folder_may_be_called_as_it_likes(self) -> None:
        runs = place.folder() / "a ?mode=rwc&x#%20y"
        shutil.copytree(place.recorded(), runs, dirs_exist_ok=True)
        sweep = drr_lab.load(runs, sweep="every", program=place.program())
        self.assertEqual((len(sweep.trials), len(sweep.seeds)), (len(place.load().trials), len(place.load().seeds)))

    def test_a_sweep_that_is_not_there_says_which_are(self) -> None:
        for name in ("evry", self.HOSTILE, ""):
            with self.assertRaisesRegex(drr_lab.Error, "no sweep called .* is recorded; recorded are: commands, every$"):
                drr_lab.load(place.recorded(), sweep=name)
        with self.assertRaisesRegex(drr_lab.Error, "several sweeps are recorded; name one by sweep=...: commands, every"):
            drr_lab.load(place.recorded())


class Broken(unittest.TestCase):
    def refused(self, says: str, content: Any, name: str = "lab.db") -> None:
        with tempfile.TemporaryDirectory() as runs:
            if content is not None:
                (Path(runs) / name).write_bytes(content)
            with self.assertRaisesRegex(drr_lab.Error, says):
                drr_lab.load(runs)

    def test_what_cannot_be_read_is_said_with_the_mend(self) -> None:
        self.refused("nothing is recorded in .*; name the folder of the runs, or run a sweep", None)
        self.refused("cannot read .*lab.db: .*; move lab.db away; `drr-lab runs reindex`", b"no database" * 999)
        self.refused("nothing is recorded in .*lab.db yet", b"")
        with tempfile.TemporaryDirectory() as runs:
            (Path(runs) / "sweeps").mkdir()
            with self.assertRaisesRegex(drr_lab.Error, "there is no .*lab.db; `drr-lab runs reindex` makes it"):
                drr_lab.load(runs)
        for change, says in (("PRAGMA user_version = 99", "written by a newer drr-lab; update"),
                             ("PRAGMA application_id = 7", "is a database of another program")):
            with tempfile.TemporaryDirectory() as runs:
                shutil.copyfile(place.recorded() / "lab.db", Path(runs) / "lab.db")
                database = sqlite3.connect(Path(runs) / "lab.db")
                database.execute(change)
                database.commit()
                database.close()
                with self.assertRaisesRegex(drr_lab.Error, says):
                    drr_lab.load(runs)

    def test_a_lock_of_another_program_is_said(self) -> None:
        with tempfile.TemporaryDirectory() as runs:
            shutil.copyfile(place.recorded() / "lab.db", Path(runs) / "lab.db")
            database = sqlite3.connect(Path(runs) / "lab.db", isolation_level=None)
            database.execute("PRAGMA locking_mode = exclusive")
            database.execute("BEGIN EXCLUSIVE")
            database.execute("UPDATE sweep SET source = ''")
            with self.assertRaisesRegex(drr_lab.Error, "lock.*; try again when the other program is done"):
                drr_lab.load(runs, sweep="every")
            database.close()
        with mock.patch("sqlite3.sqlite_version_info", (3, 34, 0)), self.assertRaisesRegex(drr_lab.Error, "lab.db needs 3.37"):
            drr_lab.load(place.recorded(), sweep="every")

    def test_a_program_that_is_not_there_is_said(self) -> None:
        sweep = drr_lab.load(place.recorded(), sweep="every", program=place.folder() / "no-program")
        self.assertTrue(len(sweep.trials) and len(sweep.metrics), "these are read without it")
        with self.assertRaisesRegex(drr_lab.Error, "there is no program .*; name the file of drr-lab"):
            sweep.seeds
        with self.assertRaisesRegex(drr_lab.Error, "ended with exit code"):
            drr_lab.load(place.recorded(), sweep="every", program="false").seeds


if __name__ == "__main__":
    unittest.main()
