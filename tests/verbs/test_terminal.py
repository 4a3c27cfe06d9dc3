"""The pseudo-terminal that a script has under `--live`."""

import subprocess
import sys
import time

import pytest

pytest.importorskip("pty")  # not on Windows

from wellfit.verbs.terminal import LINGER, PseudoTerminal


def test_what_is_printed_is_handed_over_whole() -> None:
    came: list[bytes] = []
    terminal = PseudoTerminal(came.append)
    script = "import sys; print(sys.stdout.isatty()); print('x' * 100_000)"
    subprocess.run([sys.executable, "-c", script], stdout=terminal.theirs, check=True)
    terminal.close()
    assert b"".join(came) == b"True\r\n" + b"x" * 100_000 + b"\r\n"


def test_a_child_that_goes_on_is_not_waited_for() -> None:
    came: list[bytes] = []
    terminal = PseudoTerminal(came.append)
    left = subprocess.Popen(["sleep", "60"], stdout=terminal.theirs)
    subprocess.run(["echo", "done"], stdout=terminal.theirs, check=True)
    begun = time.monotonic()
    terminal.close()
    assert time.monotonic() - begun < LINGER + 2
    assert came == [b"done\r\n"]
    left.kill()
    left.wait()


def test_a_file_stays_a_file() -> None:
    terminal = PseudoTerminal(lambda data: None)
    with open(__file__) as file:  # noqa: PTH123
        assert terminal.instead(file) is None
    assert terminal.instead(None) is None
    terminal.close()
