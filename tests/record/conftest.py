import subprocess
import sys

import pytest


@pytest.fixture
def python():
    """Runs code by itself: what it said on standard output and error."""

    def run(code, *args, status=0):
        command = [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code]
        done = subprocess.run(
            [*command, *map(str, args)],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr

    return run
