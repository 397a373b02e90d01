"""The one exception of this package."""


class Error(Exception):
    """Something a person can mend: the message says what is wrong, and what to do about it.

    >>> raise Error("no sweep is recorded in runs", "run one: drr-lab sweep FILE")
    Traceback (most recent call last):
        ...
    drr_lab.Error: no sweep is recorded in runs; run one: drr-lab sweep FILE
    """

    def __init__(self, message: str, mend: str = "") -> None:
        super().__init__(f"{message}; {mend}" if mend else message)


Error.__module__ = "drr_lab"  # The name by which people know it.
