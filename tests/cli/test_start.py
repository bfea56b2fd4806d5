"""What the start of the program costs, in figures that do not depend on the machine."""

from __future__ import annotations

import subprocess
import sys

COUNTED = """
import gc, sys
from pipeline.cli import main
before = gc.get_stats()[0]["collections"]
sys.argv = ["arxiv-digest", "demo", "--help"]
try:
    main()
finally:
    import pipeline.model.client
    print(gc.get_stats()[0]["collections"] - before, file=sys.stderr)
"""


def test_what_is_imported_is_hardly_searched_for_cycles() -> None:
    """The program's modules and the client's make a million objects, and all of them stay."""
    ran = subprocess.run([sys.executable, "-c", COUNTED], capture_output=True, text=True, check=True, timeout=60)
    assert int(ran.stderr.split()[-1]) < 20
