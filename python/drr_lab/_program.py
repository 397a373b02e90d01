"""Finds the program `drr-lab` and asks it: the wheel installs it beside the Python that this package is installed for."""

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import List, Optional, Sequence, Union

from ._errors import Error

NAME = "drr-lab"


def find(program: Optional[Union[str, Path]] = None) -> str:
    """The program's path: what was named, else what this Python installed, else what PATH leads to."""
    if program is not None:
        found = shutil.which(str(program))
        if found is None:
            raise Error(f"there is no program {program}", "name the file of drr-lab: program=...")
        return found
    folders = [sysconfig.get_path("scripts"), os.path.expanduser("~/.local/bin")]
    for folder in [*folders, *os.environ.get("PATH", "").split(os.pathsep)]:
        found = shutil.which(NAME, path=folder) if folder else None
        if found is not None:
            return found
    raise Error("the program drr-lab is not found", "pip install drr-lab, put it into PATH, or name it: program=...")


def ask(program: Optional[Union[str, Path]], runs: Path, words: Sequence[str]) -> List[str]:
    """The lines that the program answers about a runs folder."""
    # An option's value stands in one word with it: a folder or a sweep may be called like an option.
    command = [find(program), f"--runs={runs}", *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise Error(f"drr-lab {' '.join(words)} ended with exit code {done.returncode}: {said}")
    # Lines end with \n alone; a text may hold other line ends.
    return done.stdout.decode("utf-8").split("\n")[:-1]
