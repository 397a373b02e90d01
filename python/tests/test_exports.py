"""What `drr-lab export` writes for others is what they read: Parquet by pandas, Polars and DuckDB, event files by TensorBoard,
runs by MLflow from a real tracking server."""

import contextlib
import json
import math
import os
import socket
import struct
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path
from typing import Any, Dict, Iterator, List

from . import place


def exported(sweep: str, what: str = "trials") -> List[Dict[str, Any]]:
    """The rows of a sweep as JSON lines have them."""
    return place.of_jsonl(place.exported(sweep, what, "jsonl"))


class Parquet(unittest.TestCase):
    def read(self, library: str, path: Path) -> List[Dict[str, Any]]:
        if library == "pandas":
            import pandas

            # Nullable types: only these keep what is missing from what is no number.
            return place.rows(pandas.read_parquet(path, dtype_backend="pyarrow").astype(object))
        if library == "polars":
            import polars

            return place.rows(polars.read_parquet(path))
        import duckdb

        found = duckdb.sql(f"SELECT * FROM '{path}'")
        return [dict(zip(found.columns, row)) for row in found.fetchall()]

    def test_three_readers_find_the_same_rows(self) -> None:
        place.recorded()
        for sweep in ("every", "commands"):
            for what in ("trials", "metrics", "seeds", "tables"):
                path = place.folder() / f"{sweep}-{what}.parquet"
                place.run("export", sweep, "--what", what, "--format", "parquet", "--out", str(path))
                first = path.read_bytes()
                place.run("export", sweep, "--what", what, "--format", "parquet", "--out", str(path))
                self.assertEqual(first, path.read_bytes(), "the same bytes")
                cells, objects = place.of_csv(place.exported(sweep, what, "csv")), exported(sweep, what)
                for library in ("pandas", "polars", "duckdb"):
                    with self.subTest(sweep=sweep, what=what, library=library):
                        rows = self.read(library, path)
                        self.assertEqual((len(rows), list(rows[0])), (len(cells), list(cells[0])))
                        for row, texts, values in zip(rows, cells, objects):
                            for name, value in row.items():
                                self.compare(value, texts[name], values.get(name), f"{name}: {value!r}, {texts[name]!r}")

    def compare(self, value: Any, text: str, exact: Any, where: str) -> None:
        value = place.plain(value)
        if value is None or type(value).__name__ == "NAType":
            self.assertEqual((text, exact), ("", None), where)
        elif isinstance(value, bool) or isinstance(value, str) and not isinstance(exact, str):
            # A column of several types is texts, as JSON writes them.
            self.assertEqual(value, exact if isinstance(value, bool) else json.dumps(exact, separators=(",", ":")), where)
        elif isinstance(value, str):
            self.assertEqual(value, exact, where)
        else:
            same = math.isnan(value) and text == "NaN" or float(text) == value
            self.assertTrue(same, where)


class TensorBoard(unittest.TestCase):
    def scalars(self, run: Path) -> Dict[str, List[Any]]:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        events = EventAccumulator(str(run), size_guidance={"scalars": 0})
        events.Reload()
        tags = events.Tags()["scalars"]
        return {tag: [(it.step, it.value) for it in events.Scalars(tag)] for tag in tags}

    def single(self, value: float) -> float:
        """As single precision has it."""
        return float(struct.unpack("<f", struct.pack("<f", value))[0])

    def check(self, folder: Path, sweep: str) -> None:
        points: Dict[str, Dict[str, List[Any]]] = {}
        for row in exported(sweep, "metrics"):
            points.setdefault(row["trial"], {}).setdefault(row["metric"], []).append((row["step"], row["value"]))
        runs = {run.name.rsplit("-", 1)[1]: run for run in folder.iterdir()}
        trials = [row for row in exported(sweep) if row["status"] == "finished"]
        self.assertEqual(len(runs), len({row["trial"] for row in trials}))
        for row in trials:
            found = self.scalars(runs[row["trial"][:12]])
            for metric, curve in points.get(row["trial"], {}).items():
                self.assertEqual([step for step, _ in curve], [step for step, _ in found[metric]])
                for (_, wanted), (_, value) in zip(curve, found[metric]):
                    self.assertTrue(wanted is None or self.single(wanted) == value, (metric, wanted, value))
            finals = {tag[6:]: values[0][1] for tag, values in found.items() if tag.startswith("final/")}
            self.assertTrue(finals)
            for metric, value in finals.items():
                wanted = row.get(metric, row.get(f"metric {metric}"))
                self.assertTrue(wanted is None or self.single(wanted) == value, (metric, wanted, value))

    def test_a_folder_holds_every_point_and_final_metric(self) -> None:
        place.recorded()
        folder = place.folder() / "events"
        place.run("export", "every", "--format", "tensorboard", "--out", str(folder))
        self.check(folder, "every")

    def test_a_running_sweep_is_mirrored(self) -> None:
        place.recorded()
        small = place.EVERY.replace('name = "every"', 'name = "mirrored"').replace("seeds = 3", "seeds = 1")
        (place.folder() / "mirrored.toml").write_text(small)
        folder, runs = place.folder() / "mirror", place.folder() / "mirrored-runs"
        where = ["--runs", str(runs)]
        place.run(*where, "sweep", "mirrored.toml", "--also", f"tensorboard={folder}")
        mirrored = {run.name: self.scalars(run) for run in folder.iterdir()}
        again = place.folder() / "exported"
        place.run(*where, "export", "mirrored", "--format", "tensorboard", "--out", str(again))
        self.assertEqual(mirrored, {run.name: self.scalars(run) for run in again.iterdir()})
        self.assertGreater(len(mirrored), 20)
        # A sweep that has nothing to do mirrors what is recorded.
        late = place.folder() / "late"
        place.run(*where, "sweep", "mirrored.toml", "--also", f"tensorboard={late}")
        self.assertEqual({run.name for run in late.iterdir()}, set(mirrored))


class Mlflow(unittest.TestCase):
    @contextlib.contextmanager
    def server(self) -> Iterator[str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        store, log = place.folder() / "mlflow.db", (place.folder() / "mlflow.log").open("wb")
        words = ["server", "--host", "127.0.0.1", "--port", str(port), "--backend-store-uri", f"sqlite:///{store}"]
        process = subprocess.Popen([sys.executable, "-m", "mlflow", *words, "--workers", "1"], stdout=log, stderr=log,
                                   stdin=subprocess.DEVNULL, cwd=place.folder(), start_new_session=True)
        url = f"http://127.0.0.1:{port}"
        try:
            for _ in range(600):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"{url}/health", timeout=5)
                    break
                time.sleep(0.2)
            else:
                self.fail(f"no server: {(place.folder() / 'mlflow.log').read_text()}")
            yield url
        finally:
            # With the processes it started.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 15)
            process.wait(60)
            log.close()

    def test_runs_are_made_once_and_hold_what_is_recorded(self) -> None:
        import mlflow

        place.recorded()
        with self.server() as url:
            said = place.run("export", "commands", "--format", "mlflow", "--out", url).stdout
            rows = {row["trial"]: row for row in exported("commands")}
            self.assertIn(f"{len(rows)} runs made, 0 were there", said)
            client = mlflow.MlflowClient(url)
            experiment = client.get_experiment_by_name("commands")
            runs = list(client.search_runs([experiment.experiment_id], max_results=1000))
            self.assertEqual({run.data.tags["drr_lab.trial"] for run in runs}, set(rows))
            for run in runs:
                row = rows[run.data.tags["drr_lab.trial"]]
                self.assertEqual(run.info.status, "FINISHED")
                self.assertEqual(run.data.params["seed"], str(row["seed"]))
                self.assertEqual(run.data.params["params.opt"], row["params.opt"])
                self.assertEqual(run.data.metrics["final/loss"], row["loss"])
                history = client.get_metric_history(run.info.run_id, "loss")
                self.assertEqual([point.step for point in sorted(history, key=lambda it: it.step)], [0, 1, 2])
            # One that was interrupted goes on, and one that is whole adds nothing.
            client.delete_tag(runs[0].info.run_id, "drr_lab.metrics_digest")
            said = place.run("export", "commands", "--format", "mlflow", "--out", url).stdout
            self.assertIn(f"1 runs made, {len(rows) - 1} were there", said)
            again = client.search_runs([experiment.experiment_id], max_results=1000)
            self.assertEqual(len(again), len(rows))
        gone = place.run("export", "commands", "--format", "mlflow", "--out", url, check=False)
        self.assertEqual(gone.returncode, 3)
        self.assertIn("does not answer as MLflow does", gone.stderr)


if __name__ == "__main__":
    unittest.main()
