"""`wellfit train --live` under a real pseudo-terminal."""

import os
import re
import sys
from pathlib import Path

import pexpect
from sklearn.datasets import load_digits


def test_curves_are_shown_while_it_trains(tmp_path: Path) -> None:
    load_digits(as_frame=True).frame.to_csv(tmp_path / "digits.csv", index=False)
    words = ["train", "digits.csv", "--target", "target", "--set", "model.name=mlp"]
    words += ["--set", "loop.epochs=60", "--set", "regularization={}", "--live"]
    kept = {k: v for k, v in os.environ.items() if k not in {"NO_COLOR", "COLUMNS"}}
    running = pexpect.spawn(
        sys.executable,
        ["-m", "wellfit", *words, "--out", "run"],
        cwd=str(tmp_path),
        env={**kept, "TERM": "xterm-256color", "OMP_NUM_THREADS": "1"},
        dimensions=(40, 90),
        encoding="utf-8",
        timeout=180,
    )
    running.expect("val loss")
    begun = running.before + running.after
    running.expect(pexpect.EOF)
    seen = begun + running.before
    running.close()
    assert running.exitstatus == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", seen)
    assert re.search(r"step [\d,]+", plain)
    assert "on test" in plain  # the summary follows the last view
    # Each frame takes the place of the one before, and is drawn at once.
    assert seen.count("\x1b[?2026h") == seen.count("\x1b[?2026l") > 1
