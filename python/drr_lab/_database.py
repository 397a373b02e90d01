"""Opens `lab.db` to read it and never writes: beside a sweep that runs and writes, and where nothing can be written."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path
from typing import Iterator, List
from urllib.parse import quote

from ._errors import Error

# How drr-lab marks its databases, and the newest that is read here.
APPLICATION = 0x6472726C
NEWEST = 2
# Its tables are strict, which older ones do not know.
LEAST_SQLITE = (3, 37, 0)
# Seconds to wait for another program that holds the database; readers are in nobody's way, so that it is unusual.
PATIENCE = 3.0


def _connect(path: Path, options: str) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path.absolute()))}?{options}", uri=True, timeout=PATIENCE)
    connection.isolation_level = None  # Transactions are begun by hand.
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _open(path: Path, scratch: contextlib.ExitStack) -> sqlite3.Connection:
    """A connection that writes nothing beside the database, or as little as SQLite needs to read it beside a writer."""
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError:
        if os.access(path.parent, os.W_OK):
            raise
    # Where nothing can be written nobody writes, so the file may be read as it lies. What a sweep that was killed left in
    # the log beside it belongs to it: then both are read elsewhere.
    log = path.with_name(path.name + "-wal")
    if not log.exists() or log.stat().st_size == 0:
        return _connect(path, "mode=ro&immutable=1")
    folder = Path(scratch.enter_context(tempfile.TemporaryDirectory(prefix="drr-lab-")))
    for file in (path, log):
        shutil.copyfile(file, folder / file.name)
    return _connect(folder / path.name, "mode=rw")


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,), (version,) = (connection.execute(f"PRAGMA {name}").fetchone()
                                  for name in ("application_id", "user_version"))
    if application != APPLICATION:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,):
            raise Error(f"nothing is recorded in {path} yet", "run a sweep, or `drr-lab runs reindex`")
        raise Error(f"{path} is a database of another program", "name another runs folder")
    if version > NEWEST:
        raise Error(f"{path} was written by a newer drr-lab", "update this package")


@contextlib.contextmanager
def reading(runs: Path) -> Iterator[sqlite3.Connection]:
    """A connection to the database of a runs folder, which shows one moment of it however long it is read."""
    path = runs / "lab.db"
    if not path.is_file():
        if (runs / "sweeps").is_dir():
            raise Error(f"there is no {path}", "`drr-lab runs reindex` makes it from the folders")
        raise Error(f"nothing is recorded in {runs}", "name the folder of the runs, or run a sweep: drr-lab sweep FILE")
    if sqlite3.sqlite_version_info < LEAST_SQLITE:
        raise Error(f"this Python has SQLite {sqlite3.sqlite_version}, and lab.db needs 3.37", "use a newer Python, or read "
                    "what `drr-lab export` writes")
    with contextlib.ExitStack() as scratch:
        try:
            connection = _open(path, scratch)
            scratch.callback(connection.close)
            # In one moment: a database that is just being made has no mark yet, and then has both mark and tables.
            connection.execute("BEGIN")
            _check(connection, path)
            yield connection
        except sqlite3.DatabaseError as error:
            mend = "try again when the other program is done" if "lock" in str(error) else \
                "move lab.db away; `drr-lab runs reindex` makes it anew from the folders"
            raise Error(f"cannot read {path}: {error}", mend) from error


def sweep_names(connection: sqlite3.Connection) -> List[str]:
    """The recorded sweeps."""
    return [name for (name,) in connection.execute("SELECT name FROM sweep ORDER BY name")]
