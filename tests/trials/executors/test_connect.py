"""A cluster that is not there is told of within seconds."""

import socket
import sys
import time

import pytest

from wellfit import treat
from wellfit.core.errors import BadSetting, MissingExtra
from wellfit.trials.executors.connect import check, connected


@pytest.mark.parametrize("on", ["", "rey", "ray://", "ray:/host", "http://host"])
def test_what_is_no_name_of_a_cluster_is_answered(on):
    with pytest.raises(BadSetting, match=r"on must be local, ray or ray://HOST; got"):
        check(on)


@pytest.mark.parametrize("on", ["ray", "ray://head", "ray://head:10001"])
def test_names_of_clusters(on):
    check(on)


def test_a_cluster_needs_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    said = r"--on ray needs an extra: .*wellfit\[ray\]"
    with pytest.raises(MissingExtra, match=said), connected("ray"):
        pass


@pytest.fixture
def nobody():
    """A port at which nothing answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        yield taken.getsockname()[1]


def test_a_cluster_that_does_not_answer(nobody, tmp_path):
    (tmp_path / "train.py").touch()
    begun = time.monotonic()
    with pytest.raises(BadSetting, match=rf"nothing answers at 127.0.0.1:{nobody}"):
        treat(tmp_path / "train.py", on=f"ray://127.0.0.1:{nobody}", out=tmp_path)
    assert time.monotonic() - begun < 30


def test_a_cluster_that_this_machine_was_part_of(nobody, monkeypatch):
    monkeypatch.setenv("RAY_ADDRESS", f"127.0.0.1:{nobody}")
    said = "that this machine is part of; nothing answers"
    with pytest.raises(BadSetting, match=said), connected("ray"):
        pass
