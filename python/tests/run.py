"""Runs all tests of the package: python3 run.py PROGRAM FOLDER [NAME…], with the program's file and a folder to fill.

Needs numpy, pandas, polars, onnx and onnxruntime. What is missing is an error: no test is passed over.
"""

import os
import sys
import unittest
from pathlib import Path


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    os.environ["DRR_LAB_PROGRAM"], os.environ["DRR_LAB_PLACE"] = (str(Path(word).absolute()) for word in sys.argv[1:3])
    top = Path(__file__).resolve().parents[1]
    sys.path.insert(0, str(top))
    loader = unittest.TestLoader()
    names = [f"tests.{name}" for name in sys.argv[3:]]
    suite = loader.loadTestsFromNames(names) if names else loader.discover(str(top / "tests"), top_level_dir=str(top))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful() or result.skipped or result.testsRun == 0:
        sys.exit(f"{result.testsRun} tests ran, {len(result.skipped)} were passed over")


if __name__ == "__main__":
    main()
