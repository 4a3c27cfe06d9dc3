"""A process on a leash ends with whoever holds the other end, and its children too."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# It holds on to the pipe, starts a child of its own, and then hangs where no signal of
# Python's is heard.
HELD = """
import ctypes, subprocess, sys
from wellfit.taps.leash import hold
child = subprocess.Popen(["sleep", "300"])
hold(int(sys.argv[1]))
print(child.pid, flush=True)
ctypes.PyDLL(None).sleep(300)
"""
# A driver that starts such a process, and is killed itself.
DRIVER = """
import os, subprocess, sys, time
told, leash = os.pipe()
subprocess.Popen(
    [sys.executable, "-c", sys.argv[1], str(told)],
    pass_fds=[told],
    start_new_session=True,
)
time.sleep(300)
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux alone can")


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def gone(pid: int, *, within: float) -> bool:
    until = time.monotonic() + within
    while is_running(pid) and time.monotonic() < until:
        time.sleep(0.02)
    return not is_running(pid)


def test_it_ends_with_its_driver_and_takes_its_children_along():
    command = [sys.executable, "-c", DRIVER, HELD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        child = int(driver.stdout.readline())
        assert is_running(child)
        driver.kill()
        assert gone(child, within=10)


def test_it_ends_at_once_where_its_driver_has_gone_before():
    told, leash = os.pipe()
    os.close(leash)
    held = subprocess.run(
        [sys.executable, "-c", HELD, str(told)],
        pass_fds=[told],
        start_new_session=True,
        check=False,
        timeout=30,
    )
    os.close(told)
    assert held.returncode == -signal.SIGKILL


def test_it_lives_as_long_as_its_driver_does():
    told, leash = os.pipe()
    code = HELD.replace('"300"', '"0.2"').replace("sleep(300)", "sleep(1)")
    held = subprocess.run(
        [sys.executable, "-c", code, str(told)],
        pass_fds=[told],
        start_new_session=True,
        check=False,
        timeout=30,
    )
    os.close(told)
    os.close(leash)
    assert held.returncode == 0
