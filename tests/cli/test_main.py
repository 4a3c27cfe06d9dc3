"""The frame around every command: help, versions, misuse, faults."""

import resource
import subprocess
import sys
from statistics import median

import pytest
import typer

import wellfit as package
from wellfit.cli import main as entry

WELLFIT = [sys.executable, "-c", "from wellfit.cli.main import main; main()"]


def test_the_help_names_every_command(wellfit):
    said = wellfit("--help")
    assert said.status == 0
    for command in entry.COMMANDS:
        assert command in said.out


@pytest.mark.parametrize("command", entry.COMMANDS)
def test_every_command_has_its_help(wellfit, command):
    said = wellfit(command, "--help")
    assert said.status == 0
    assert f"wellfit {command}" in said.out


def test_the_version(wellfit):
    assert wellfit("--version").out == f"wellfit {package.__version__}\n"


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["lst"], "Did you mean 'list'?"),
        (["list", "--jsn", "x"], "--json"),
        (["show"], "Missing argument"),
        (["show", "nothing"], "wellfit: no run 'nothing'; there are none"),
        (["list", "nowhere"], "wellfit: expected a folder with runs"),
    ],
)
def test_misuse_gets_a_sentence_and_status_2(wellfit, words, part):
    said = wellfit(*words)
    assert said.status == 2
    assert part in said.err
    assert "Traceback" not in said.err
    assert not said.out


def test_no_words_at_all_show_the_help(wellfit):
    said = wellfit()
    assert said.status == 2
    assert "Commands" in said.out + said.err


def test_an_interrupt_is_quiet(wellfit, monkeypatch):
    def list() -> None:  # noqa: A001 (named as its command)
        raise KeyboardInterrupt

    monkeypatch.setattr("wellfit.cli.list.list", list)
    said = wellfit("list")
    assert said.status == 130
    assert not said.err.strip()


def test_a_reader_that_goes_away_is_no_fault():
    with subprocess.Popen(
        [*WELLFIT, "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["list"]])
def test_what_computes_nothing_is_quick(words, tmp_path):
    spent = []
    for _ in range(5):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            [*WELLFIT, *words], check=True, capture_output=True, cwd=tmp_path
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent.append(
            after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        )
    assert median(spent) < 1.0  # seconds of a processor, be it a slow one


def test_a_command_loads_no_framework_before_it_starts():
    shown = subprocess.run(
        [sys.executable, "-X", "importtime", *WELLFIT[1:], "run", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stderr
    loaded = {line.rpartition("|")[2].strip() for line in shown.splitlines()}
    assert loaded & {"torch", "pandas", "sklearn", "pyarrow", "numpy"} == set()


@pytest.mark.parametrize(
    ("words", "script", "args"),
    [
        (["train.py"], "train.py", []),
        (["train.py", "--epochs", "3"], "train.py", ["--epochs", "3"]),
        (["train.py", "--help"], "train.py", ["--help"]),
        (
            ["train.py", "--out", "x", "--", "-q"],
            "train.py",
            ["--out", "x", "--", "-q"],
        ),
        (["--out", "x", "train.py", "é", ""], "train.py", ["é", ""]),
        (["-m", "package.train", "--json", "x"], "package.train", ["--json", "x"]),
        (["--", "-odd-name.py", "-m"], "-odd-name.py", ["-m"]),
    ],
)
def test_what_follows_the_script_is_its_own(words, script, args):
    group = typer.main.get_command(entry.app(["run"]))
    parsed = group.commands["run"].make_context("run", words).params
    assert parsed["script"] == script
    assert (parsed["args"] or []) == args
    assert parsed["json"] is None
