"""What the thread that watches the machine costs: its processor time over a minute.

    python -m bench.machine_thread [--quick]

Measured from outside, by the thread's own clock, while the process trains nothing,
and again while it has eight children, as with loader workers. Printed and written to
bench/results.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.machine import describe
from wellfit.record import Recorder, open_run
from wellfit.taps.resources import Resources

RESULTS = Path(__file__).parent / "results" / "machine_thread.json"
BAR = 0.005  # of a core
CHILD = [sys.executable, "-c", "input()"]


def measure(seconds: float, children: int) -> dict[str, float]:
    """Seconds of processor time of the thread, and how many readings it took."""
    pipe = subprocess.PIPE
    workers = [subprocess.Popen(CHILD, stdin=pipe) for _ in range(children)]
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "run")
        resources = Resources(recorder)
        resources.start()
        (thread,) = (t for t in threading.enumerate() if t.name == "wellfit-resources")
        clock = time.pthread_getcpuclockid(thread.ident or 0)
        time.sleep(seconds)
        spent = time.clock_gettime(clock)
        resources.finish()
        recorder.close()
        readings = len(open_run(recorder.folder).signal("train/elapsed"))
    for worker in workers:
        worker.communicate(b"\n")
    return {
        "children": children,
        "seconds": seconds,
        "cpu_seconds": spent,
        "share_of_a_core": spent / seconds,
        "bar": BAR,
        "readings": readings,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 seconds, not kept")
    seconds = 20.0 if (chosen := parser.parse_args()).quick else 60.0
    found = [measure(seconds, children) for children in (0, 8)]
    for got in found:
        print(
            f"{got['children']} children: {got['cpu_seconds']:.3f} s of processor time "
            f"in {got['seconds']:.0f} s, "
            f"{100 * got['share_of_a_core']:.2f} % of a core, "
            f"{got['readings']} readings   bar {100 * BAR:.1f} %"
        )
    if not chosen.quick:
        RESULTS.parent.mkdir(exist_ok=True)
        said = {"machine": describe(), "measured": found}
        RESULTS.write_text(json.dumps(said, indent=2) + "\n")


if __name__ == "__main__":
    main()
