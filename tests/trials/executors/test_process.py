"""A trial that takes more memory than it may is ended, and says so."""

import time

import pytest

from wellfit.core.errors import BadScript, BadSetting
from wellfit.core.plan import Plan
from wellfit.trials.executors.local import Local
from wellfit.trials.executors.trial import failure
from wellfit.verbs.treat import treat

LIMIT = 300 * 2**20  # bytes
FILLS = """
import time
taken = b"1" * (400 * 2**20)
time.sleep(60)
"""
# The same, by a process that it starts.
STARTS = f"""
import subprocess, sys
subprocess.run([sys.executable, "-c", {FILLS!r}])
"""


def of(folder, text):
    (folder / "train.py").write_text(text)
    words = [str(folder / "train.py")]
    return Local(words=words, module=False, folder=folder / "out", memory=LIMIT)


@pytest.mark.parametrize(
    "text", [FILLS, STARTS], ids=["itself", "a process of its own"]
)
def test_a_trial_that_takes_too_much_memory_is_ended(tmp_path, text):
    begun = time.monotonic()
    run = of(tmp_path, text).run(Plan(), 1, seconds=50)
    assert failure(run) == "it took more than 300M of memory"
    assert time.monotonic() - begun < 40


def test_one_that_keeps_to_it_is_left_alone(tmp_path):
    text = "import time\ntaken = b'1' * 2**20\ntime.sleep(0.6)"
    assert failure(of(tmp_path, text).run(Plan(), 1, seconds=50)) is None


def test_a_script_that_takes_too_much_as_it_is_proves_nothing(tmp_path):
    (tmp_path / "train.py").write_text(FILLS)
    how = {"plan": Plan(), "out": tmp_path / "out"}
    with pytest.raises(BadScript, match=r"as it is.*it took more than 100M of memory"):
        treat(tmp_path / "train.py", memory="100M", **how)
    with pytest.raises(BadSetting, match="memory is an amount such as 800M or 4G"):
        treat(tmp_path / "train.py", memory="much", **how)
