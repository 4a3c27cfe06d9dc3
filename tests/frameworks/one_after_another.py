"""Run the scripts of this folder whose names begin so, in one process.

    python tests/frameworks/one_after_another.py xgboost

Starting Python and importing a framework takes longer than all that they do.
"""

import runpy
import sys
from pathlib import Path

for script in sorted(Path(__file__).parent.glob(f"{sys.argv[1]}_*.py")):
    print("SCRIPT", script.stem, flush=True)
    runpy.run_path(str(script), run_name="__main__")
