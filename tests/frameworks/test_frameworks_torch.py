"""Lightning, Transformers and Accelerate, watched: nothing changes, all is seen."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from wellfit.record import open_run

HERE = Path(__file__).parent
SCRIPTS = (
    "lightning_module",
    "lightning_manual_optimization",
    "transformers_trainer",
    "transformers_causal_lm",
    "accelerate_loop",
    "peft_lora",
)
# What differs between any two runs of one script: how long it took.
TIMES = re.compile(
    r"'\w*(?:runtime|per_second)': '[^']*'|\d+:\d\d:\d\d|[\d.]+it/s|━+[╸╺]?|\s+"
)
TIMED = {"trainer_state.json"}


def steps(run, name):
    return run.signal(name).steps.tolist()


def values(run, name):
    return run.signal(name).values.tolist()


# -- nothing changes -------------------------------------------------------------------


@pytest.mark.parametrize("every", [None, 1])
@pytest.mark.parametrize("script", SCRIPTS)
def test_watching_changes_nothing(runs, script, every):
    bare, (watched, run) = runs.bare(script), runs.watched(script, every)
    assert bare.steps > 5
    assert (watched.steps, watched.digest) == (bare.steps, bare.digest)
    assert TIMES.sub(" ", watched.printed) == TIMES.sub(" ", bare.printed)
    assert watched.files.keys() == bare.files.keys()
    differ = {n for n, digest in bare.files.items() if watched.files[n] != digest}
    assert {Path(name).name for name in differ} <= TIMED  # checkpoints are the same
    assert run.last_step > 0  # it was truly watched


def test_scripts_that_know_nothing_of_it_are_watched(runs, tmp_path):
    scripts = ("lightning_module", "accelerate_loop", "transformers_trainer")
    script = tmp_path / "one_after_another.py"
    run_one = "runpy.run_path({!r}, run_name='__main__')"
    lines = [run_one.format(str(HERE / f"{name}.py")) for name in scripts]
    script.write_text("\n".join(["import runpy", *lines]))
    command = [sys.executable, "-m", "wellfit", "run", "--every", "1", "--quiet"]
    command += ["--out", str(tmp_path / "run"), str(script)]
    ran = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert ran.returncode == 0, ran.stderr
    assert "wellfit:" not in ran.stderr
    run, first = open_run(tmp_path / "run"), runs.run(scripts[0])
    assert run.facts["command"]["framework"] == "lightning"
    # Of each framework one that no other logs.
    own = {"val_range", "eval/worst", "eval_runtime"}
    assert own <= set(run.facts["metrics"].values())
    assert run.facts["framework"]["name"] == "transformers"  # the latest
    losses = values(first, "train/loss")
    assert values(run, "train/loss")[: len(losses)] == losses


# -- Lightning -------------------------------------------------------------------------


def test_lightning_metrics_keep_their_names(runs):
    run = runs.run("lightning_module")
    names = dict(run.facts["metrics"])
    # Whether PyTorch's tap has seen the test set or not, the loss stands there once.
    assert names.pop("test/logged_loss", None) or names.pop("test/loss") == "test_loss"
    assert names == {
        "train/loss_step": "train_loss_step",
        "train/loss_epoch": "train_loss_epoch",
        "val/logged_f1": "val_f1",
        "val/range": "val_range",  # kept from the loggers
        "val/logged_loss": "val_loss",
        "test/logged_f1": "test_f1",
        "test/range": "test_range",
    }
    epochs = len(run.happened("epoch"))
    ends = [5 * n for n in range(1, epochs + 1)]
    for name in (
        "val/logged_f1",
        "val/range",
        "val/logged_loss",
        "val/loss",
        "train/loss_epoch",
    ):
        assert steps(run, name) == ends
    assert values(run, "val/loss") == pytest.approx(values(run, "val/logged_loss"))
    assert len(run.signal("train/loss_step")) == 5 * epochs // 2  # every second step


def test_lightning_epochs_are_its_own(runs):
    run = runs.run("lightning_module")
    said = [(e.step, dict(e.data)) for e in run.happened("epoch")]
    assert said[:2] == [
        (5, {"number": 1, "steps": 5, "batches": 10}),
        (10, {"number": 2, "steps": 5, "batches": 10}),
    ]
    assert run.facts["framework"]["epochs"] == len(said)


def test_a_sanity_check_is_no_evaluation(runs):
    run = runs.run("lightning_module")
    assert run.facts["framework"]["sanity_batches"] == [2]
    assert run.happened("evaluation")[0].step == 5
    assert steps(run, "val/loss")[0] == 5


def test_lightning_validate_and_test_after_the_training(runs):
    run = runs.run("lightning_module")
    last = run.signal("train/loss").steps[-1] + 1
    assert steps(run, "test/loss") == steps(run, "test/f1") == [last]
    assert steps(run, "val/loss").count(last) == 1


def test_lightning_settings_checkpoints_and_early_stopping(runs):
    run = runs.run("lightning_module")
    fact = run.facts["framework"]
    assert (fact["name"], fact["precision"]) == ("lightning", "bf16-mixed")
    assert fact["accumulate_grad_batches"] == 2
    assert fact["gradient_clip_val"] == 0.5
    assert fact["loggers"] == ["CSVLogger"]
    assert {"EarlyStopping", "ModelCheckpoint"} <= set(fact["callbacks"])
    (stopped,) = run.happened("early-stopping")
    assert stopped.data["monitor"] == "val_loss"
    kept = [Path(e.data["path"]).name for e in run.happened("checkpoint")]
    assert kept[0] == "epoch=0.ckpt"


def test_lightning_rates_and_norms_are_seen_at_every_step(runs):
    run = runs.run("lightning_module")
    count = len(run.signal("train/loss"))
    assert len(run.signal("train/grad_norm")) == count
    rates = values(run, "train/learning_rate")
    assert len(rates) == count
    assert rates.index(max(rates)) == pytest.approx(0.3 * count, abs=2)  # OneCycle
    assert run.facts["clipping"] == {"kind": "norm", "limit": 0.5}


def test_lightning_manual_optimization_with_two_optimizers(runs):
    run = runs.run("lightning_manual_optimization")
    assert run.facts["framework"]["automatic_optimization"] is False
    assert run.facts["metrics"] == {
        "train/critic_loss": "critic_loss",
        "train/generator_loss": "generator_loss",
    }
    # Lightning counts the steps of both optimizers; the run, those of the first.
    assert steps(run, "train/critic_loss") == list(range(1, 31))
    assert [e.step for e in run.happened("epoch")] == [10, 20, 30]
    assert values(run, "train/learning_rate") == [0.002, 0.001, 0.0005]
    assert len(run.at("train/grad_norm")) == 8  # the parameters of both nets


# -- Hugging Face ----------------------------------------------------------------------


def test_transformers_metrics_keep_their_names(runs):
    run = runs.run("transformers_trainer")
    names = run.facts["metrics"]
    assert names["train/logged_loss"] == "loss"
    assert names["train/train_loss"] == "train_loss"  # of the whole training
    assert names["val/f1"] == "eval_f1"
    assert names["test/f1"] == "test_f1"
    assert steps(run, "train/logged_loss") == list(range(2, 19, 2))
    assert steps(run, "val/f1") == [6, 12, 18]
    assert "train/epoch" not in run


def test_an_evaluation_that_only_the_framework_can_see_is_recorded(runs):
    run = runs.run("transformers_trainer")  # a smoothed loss is no criterion's
    assert run.facts["metrics"]["val/loss"] == "eval_loss"
    assert steps(run, "val/loss") == [6, 12, 18]
    assert run.facts["metrics"]["test/loss"] == "test_loss"


def test_transformers_epochs_go_on_where_a_checkpoint_left_off(runs):
    run = runs.run("transformers_trainer")
    said = [(e.step, dict(e.data)) for e in run.happened("epoch")]
    assert said == [(6 * n, {"number": n, "steps": 6}) for n in (1, 2, 3)]
    fact = run.facts["framework"]
    assert fact["started_at"] == {"epoch": 2.0, "step": 12}
    (stopped,) = run.happened("early-stopping")
    assert stopped.data["by"] == ["EarlyStoppingCallback"]


def test_transformers_settings_and_checkpoints(runs):
    run = runs.run("transformers_trainer")
    fact = run.facts["framework"]
    assert (fact["name"], fact["lr_scheduler_type"]) == ("transformers", "cosine")
    assert fact["label_smoothing_factor"] == 0.1
    assert fact["gradient_accumulation_steps"] == 2
    assert fact["learning_rate"] == 3e-3
    kept = [e.data["path"] for e in run.happened("checkpoint")]
    assert kept == [f"kept/checkpoint-{step}" for step in (6, 12, 18)]
    rates = values(run, "train/learning_rate")
    assert rates[:5] == pytest.approx([0.0, 0.00075, 0.0015, 0.00225, 0.003])


def test_two_evaluation_sets_are_both_validation(runs):
    run = runs.run("transformers_causal_lm")
    assert run.facts["framework"]["bf16"] is True
    assert run.facts["framework"]["gradient_checkpointing"] is True
    assert run.facts["metrics"]["val/near_loss"] == "eval_near_loss"
    assert steps(run, "val/near_loss") == steps(run, "val/far_loss") == [4, 8]
    assert steps(run, "val/loss") == [4, 8]
    assert not [name for name in run.signals if name.startswith("test/")]


def test_adapters_are_told(runs):
    run = runs.run("peft_lora")
    (adapter,) = run.facts["framework"]["adapters"].values()
    assert (adapter["peft_type"], adapter["r"]) == ("LORA", 4)
    assert adapter["target_modules"] == ["query", "value"]
    assert run.facts["metrics"]["val/final_loss"] == "final_loss"
    assert all("lora" in n or "classifier" in n for n in run.at("train/grad_norm"))


# -- Accelerate ------------------------------------------------------------------------


def test_accelerate_metrics_epochs_and_settings(runs):
    run = runs.run("accelerate_loop")
    assert run.facts["metrics"] == {
        "val/worst": "eval/worst",
        "train/seen": "seen",
        "val/logged_loss": "eval/loss",
    }
    assert steps(run, "val/loss") == steps(run, "val/worst") == [4, 8, 12]
    assert values(run, "val/loss") == pytest.approx(values(run, "val/logged_loss"))
    said = [(e.step, dict(e.data)) for e in run.happened("epoch")]
    assert said == [(4 * n, {"number": n, "steps": 4}) for n in (1, 2, 3)]
    fact = run.facts["framework"]
    assert (fact["name"], fact["gradient_accumulation_steps"]) == ("accelerate", 3)
    assert [e.data["path"] for e in run.happened("checkpoint")] == ["kept"]
    rates = values(run, "train/learning_rate")
    assert rates == pytest.approx([0.02 * 0.9**step for step in range(12)])
