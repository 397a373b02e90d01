"""`python -m drr_lab …` is `drr-lab …`: this process becomes the program."""

import os
import sys

from ._errors import Error
from ._program import find


def main() -> None:
    """Becomes the program, with the same words."""
    try:
        program = find()
    except Error as error:
        sys.exit(f"error: {error}")
    os.execv(program, [program, *sys.argv[1:]])


if __name__ == "__main__":
    main()
