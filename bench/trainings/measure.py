"""Run the trainings unwatched and compare their figures with the index.

    python -m bench.trainings.measure [--readme] [NAME…]

Each script runs in a fresh process on one thread, and on its own data rather than on
that of $WELLFIT_DATA; a faulty one a second time as its twin. `--readme` only writes
the table of README.md anew, from the index.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.trainings import TRAININGS, Training

README = Path(__file__).parent / "README.md"
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
FROM, TO = "<!-- table -->\n", "<!-- end of table -->\n"


def last_number(text: str) -> float:
    """The last number in a script's output: its figure."""
    found = NUMBER.findall(text)
    if not found:
        raise ValueError("expected output that ends with a figure; got none")
    return float(found[-1])


def figure(source: str, name: str, *, fails: bool = False) -> tuple[float, float]:
    """Run a script; what it prints last, and the seconds of processor time it took.

    `fails` is whether it must end with an error.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, name)
        script.write_text(source, encoding="utf-8")
        ran = subprocess.run(
            [sys.executable, script],
            capture_output=True,
            text=True,
            check=not fails,
            env={**os.environ, "OMP_NUM_THREADS": "1", "WELLFIT_DATA": ""},
        )
    if fails and ran.returncode == 0:
        raise ValueError(f"{name}: expected an error; it ended without")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return last_number(ran.stdout), seconds


def near(stated: float, measured: float) -> bool:
    """Whether two figures agree, but for what another processor's rounding does."""
    return abs(stated - measured) <= max(0.03, 0.1 * abs(stated))


def compare(training: Training) -> bool:
    """Measure one training and print its figures beside the stated ones."""
    source = training.path.read_text(encoding="utf-8")
    own, seconds = figure(source, training.file, fails=training.fails)
    agrees = near(training.figure, own)
    line = f"{training.name:28s} {training.metric:18s} {own:9.4g} {seconds:5.1f} s"
    if training.cure:
        twin, _ = figure(training.twin(), training.file)
        agrees = agrees and near(training.reference, twin)
        line += f"  twin {twin:9.4g}"
    stated = f"stated {training.figure:g}, {training.reference:g}"
    print(line, "" if agrees else f"  DIFFERS: {stated}", flush=True)
    return agrees


def table() -> str:
    """The index as a table in Markdown."""
    head = (
        "| training | right to say | task and style | metric | figure | reference "
        "| trivial |\n|---|---|---|---|---:|---:|---:|\n"
    )
    return head + "".join(map(row, TRAININGS))


def row(training: Training) -> str:
    said = [training.kind, *(f"({rule})" for rule in training.also)]
    trivial = "" if training.trivial is None else f"{training.trivial:g}"
    cells = (
        f"`{training.name}`",
        ", ".join(said) + (", weak" if training.weak else ""),
        f"{training.task}: {training.style}",
        training.metric,
        f"{training.figure:g}",
        f"{training.reference:g}",
        trivial,
    )
    return f"| {' | '.join(cells)} |\n"


def write_readme() -> None:
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(FROM)
    _, _, after = rest.partition(TO)
    README.write_text(f"{before}{FROM}{table()}{TO}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if args.readme:
        write_readme()
        return
    chosen = [t for t in TRAININGS if not args.names or t.name in args.names]
    differ = sum(not compare(training) for training in chosen)
    sys.exit(f"{differ} of {len(chosen)} differ" if differ else 0)


if __name__ == "__main__":
    main()
