"""Lightning, Transformers and Accelerate, watched: nothing changes, and it is all seen."""

import pytest

SCRIPTS = (
    "lightning_module",
    "lightning_manual_optimization",
    "transformers_trainer",
    "transformers_causal_lm",
    "accelerate_loop",
    "peft_lora",
)


@pytest.mark.parametrize("every", [None, 1])
@pytest.mark.parametrize("script", SCRIPTS)
def test_watching_changes_nothing(runs, script, every):
    bare, (watched, run) = runs.bare(script), runs.watched(script, every)
    assert bare.steps > 5
    assert watched[:2] == bare[:2]
    assert run.last_step > 0  # it was truly watched
