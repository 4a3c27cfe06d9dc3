import json
import os
import subprocess
import sys

from wellfit.record import write_environment
from wellfit.record.environment import environment


def test_it_says_what_the_run_ran_on(tmp_path):
    write_environment(tmp_path, ["train.py", "--epochs", "3"])
    said = json.loads((tmp_path / "environment.json").read_text())
    assert said["python"] == ".".join(map(str, sys.version_info[:3]))
    assert said["arguments"] == ["train.py", "--epochs", "3"]
    assert said["cpus"] == os.cpu_count()
    assert said["packages"]["numpy"]


def test_only_harmless_variables_are_read(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "tulip")
    monkeypatch.setenv("WANDB_API_KEY", "rose")
    monkeypatch.setenv("PYTORCH_CUDA_ALLOC_CONF", "hf_abcdefghijklmn")
    text = json.dumps(environment([]))
    assert '"OMP_NUM_THREADS": "1"' in text
    assert '"RANK": "0"' in text
    assert not any(secret in text for secret in ("tulip", "rose", "hf_abc"))


def test_arguments_are_redacted():
    assert environment(["--token", "tulip"])["arguments"] == ["--token", "***"]


def test_packages_may_be_chosen_and_none_is_imported():
    code = (
        "import sys; from wellfit.record.environment import environment\n"
        "said = environment([], packages=['numpy', 'torch', 'no-such-thing'])\n"
        "assert said['packages'].keys() == {'numpy', 'torch'}, said\n"
        "assert not {'numpy', 'torch'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_run(tmp_path):
    write_environment(tmp_path / "none", [])
