"""`python -m medq_gen` and `medq-gen`."""

from __future__ import annotations

import sys
from pathlib import Path

# First of all: a folder that holds a physics.py, a recipes/ or a conf/ of its own must not shadow ours.
_HOME = str(Path(__file__).resolve().parent.parent)
if sys.path[:1] != [_HOME]:
    sys.path[:] = [_HOME, *(entry for entry in sys.path if entry != _HOME)]


def main() -> int:
    """Run the command line; the exit code."""
    from medq_gen.app import run_command

    return run_command(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
