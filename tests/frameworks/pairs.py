"""Run Keras scripts in one process, each bare and watched; print what each printed.

    python tests/frameworks/pairs.py FOLDER SCRIPT…

It prints a line of JSON a script: both outputs. What was seen stands in FOLDER/SCRIPT.
"""

import contextlib
import io
import json
import runpy
import sys
from pathlib import Path

import keras

from wellfit.record import Recorder
from wellfit.taps.keras import KerasTap


def ran(script: Path) -> str:
    keras.utils.clear_session()
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        runpy.run_path(str(script), run_name="__main__")
    return "\n".join(  # but for the times of the progress bar
        line for line in said.getvalue().splitlines() if "/step" not in line
    )


def watched(script: Path, folder: Path) -> str:
    with Recorder(folder) as recorder:
        tap = KerasTap(recorder, every=1)
        tap.attach()
        try:
            return ran(script)
        finally:
            tap.finish()


if __name__ == "__main__":
    folder, *scripts = map(Path, sys.argv[1:])
    for script in scripts:
        sys.path[0] = str(script.parent)
        bare, seen = ran(script), watched(script, folder / script.stem)
        told = {"script": script.stem, "bare": bare, "seen": seen}
        print(json.dumps(told), flush=True)
