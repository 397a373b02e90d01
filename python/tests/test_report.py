"""The report's own numbers follow from `.seeds`."""

import functools
import json
import math
import unittest
from pathlib import Path

from . import place


@functools.lru_cache(None)
def tables() -> Path:
    """The folder of the report's tables, made once."""
    place.recorded()
    place.run("report", "every")
    return place.folder() / "reports/every/tables"


class Report(unittest.TestCase):
    def test_mean_and_deviation_by_pandas_are_those_of_the_tables(self) -> None:
        every, count = place.load(), 0
        for path in sorted(tables().glob("*.json")):
            table = json.loads(path.read_text())
            if table.get("kind") is not None:  # Differences; their means are of pairs.
                continue
            cells = {(cell["row"], cell["metric"]): cell for cell in place.of_csv(path.with_suffix(".csv").read_text())}
            for at, row in enumerate(table["rows"], 1):
                own = every.seeds[every.seeds["trial"].isin(row["trials"]) & (every.seeds["policy"] == row["policy"])]
                self.assertEqual(set(own["trial"]), set(row["trials"]))
                for metric, cell in row["cells"].items():
                    if not cell:
                        continue
                    with self.subTest(table=path.stem, row=row["policy"], metric=metric):
                        self.compare([float(it) for it in own[metric]], own[metric], cell, cells[str(at), metric])
                    count += 1
        self.assertGreater(count, 100)

    def compare(self, scores, column, cell, written) -> None:  # type: ignore[no-untyped-def]
        self.assertEqual((len(scores), cell["n"], written["n"]), (cell["n"], 3, "3"))
        # pandas adds up in an order of its own: to the last digit but the rounding of three sums.
        for here, name in ((column.mean(), "mean"), (column.std(), "std")):
            self.assertEqual(float(written[name]), cell[name])
            self.assertLessEqual(abs(here - cell[name]), 1e-15 * max(map(abs, scores)))
            self.assertEqual(f"{here:.12f}", f"{cell[name]:.12f}")
        # In the program's order, from the least on: to the bit.
        mean = squares = 0.0
        for score in sorted(scores):
            mean += score
        mean /= len(scores)
        for score in sorted(scores):
            squares += (score - mean) ** 2
        self.assertEqual((mean, math.sqrt(squares / (len(scores) - 1))), (cell["mean"], cell["std"]))

    def test_groups_of_pandas_are_the_rows_of_a_table(self) -> None:
        every = place.load()
        offline = every.seeds[every.seeds["study"] == "offline-strict-mine"]
        means = offline.groupby(["policy", *every.axes], dropna=False)["precision@5"].agg(["mean", "std", "count"])
        table = json.loads((tables() / "offline-strict-mine-precision.json").read_text())
        self.assertEqual(sorted(f"{mean:.12f}" for mean in means["mean"]),
                         sorted(f"{row['cells']['precision@5']['mean']:.12f}" for row in table["rows"]))


if __name__ == "__main__":
    unittest.main()
