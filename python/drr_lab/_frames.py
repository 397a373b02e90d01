"""Columns become a frame of pandas or polars: numbers as numbers, missing as missing, what is no number as NaN."""

import importlib
import json
from typing import Any, List, NamedTuple, Sequence, Tuple

from ._errors import Error

LIBRARIES = ("pandas", "polars")
# Whole numbers that 64 bits hold.
WHOLE = range(-(2**63), 2**63)


class Column(NamedTuple):
    """A column's name, its values, a list with None where one is missing or an array that misses none, and what they are:
    text, whole, number, or as they come."""

    name: str
    values: Any
    type: str = "any"


def backend(name: str) -> Any:
    """The module that makes frames."""
    if name not in LIBRARIES:
        raise Error(f"there are no frames of {name!r}", f"frames is one of {', '.join(LIBRARIES)}")
    try:
        return importlib.import_module(name)
    except ImportError:
        other = LIBRARIES[1 - LIBRARIES.index(name)]
        raise Error(f"{name} is not installed", f"pip install {name}, or with {other}: frames={other!r}") from None


def type_of(values: Sequence[Any]) -> str:
    """What values have in common; `any` where they have nothing.

    >>> type_of([1, None, 2]), type_of([1, 0.5]), type_of(["a"]), type_of([True]), type_of([1, "a"]), type_of([None])
    ('whole', 'number', 'text', 'truth', 'any', 'any')
    """
    types = {type(value) for value in values if value is not None}
    if types == {bool}:
        return "truth"
    if types == {str}:
        return "text"
    if types == {int} and all(value is None or value in WHOLE for value in values):
        return "whole"
    if types and types <= {int, float} and all(type(it) is not int or abs(it) <= 2**53 for it in values):
        return "number"
    return "any"


def frame(name: str, columns: List[Column]) -> Any:
    """The frame of these columns."""
    module = backend(name)
    settled = [column if column.type != "any" else column._replace(type=type_of(column.values)) for column in columns]
    return _pandas(module, settled) if name == "pandas" else _polars(module, settled)


def _masked(values: Sequence[Any], dtype: str, filler: Any) -> Tuple[Any, Any]:
    """Values, and where they are missing; an array of NumPy misses none."""
    import numpy as np

    if isinstance(values, np.ndarray):
        return values.astype(dtype), np.zeros(len(values), bool)
    mask = np.fromiter((value is None for value in values), bool, len(values))
    return np.fromiter((filler if value is None else value for value in values), dtype, len(values)), mask


def _hashable(value: Any) -> Any:
    """A list as a tuple, so that a column can be grouped by."""
    return tuple(map(_hashable, value)) if isinstance(value, list) else value


def _pandas(pandas: Any, columns: List[Column]) -> Any:
    # Pandas' types that know what is missing, and made so that they keep NaN apart from it.
    made = {
        "number": lambda values: pandas.arrays.FloatingArray(*_masked(values, "float64", 0.0)),
        "whole": lambda values: pandas.arrays.IntegerArray(*_masked(values, "int64", 0)),
        "truth": lambda values: pandas.arrays.BooleanArray(*_masked(values, "bool", False)),
        "text": lambda values: pandas.array(values, dtype="string"),
        "any": lambda values: pandas.Series([_hashable(it) for it in values], dtype="object").array,
    }
    data = {at: made[column.type](column.values) for at, column in enumerate(columns)}
    table = pandas.DataFrame(data)
    table.columns = pandas.Index([column.name for column in columns], dtype="object")
    return table


def _polars(polars: Any, columns: List[Column]) -> Any:
    types = {"number": polars.Float64, "whole": polars.Int64, "truth": polars.Boolean, "text": polars.String}

    def series(column: Column) -> Any:
        if column.type != "any":
            return polars.Series(column.name, column.values, dtype=types[column.type])
        try:
            return polars.Series(column.name, column.values, strict=True)
        except (TypeError, polars.exceptions.PolarsError):
            # Values of several types: as JSON has them, words as they are.
            text = [it if it is None or isinstance(it, str) else json.dumps(it) for it in column.values]
            return polars.Series(column.name, text, dtype=polars.String)

    return polars.DataFrame([series(column) for column in columns])
