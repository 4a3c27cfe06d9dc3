"""`run(…, heal=True)`: a plan with `roll-back`, beside whatever else there is in it."""

import pytest

from wellfit.core.errors import BadSetting
from wellfit.core.plan import Change, Plan
from wellfit.verbs.run import _settings

CLIP = Change(change="clip-gradients", params={"norm": 1.0})


@pytest.mark.parametrize(
    ("plan", "heal", "names"),
    [
        (None, True, ["roll-back(most=5)"]),
        (None, 2, ["roll-back(most=2)"]),
        (Plan.of(CLIP), True, ["clip-gradients(norm=1.0)", "roll-back(most=5)"]),
        (Plan.of(CLIP), False, ["clip-gradients(norm=1.0)"]),
    ],
)
def test_a_plan_is_healed_too(plan, heal, names):
    said = _settings({"plan": plan, "heal": heal})
    assert [str(Change.from_json(one)) for one in said["plan"]] == names


def test_without_either_there_is_no_plan():
    assert "plan" not in _settings({"heal": False})
    with pytest.raises(BadSetting, match="most must be 1 or more; got -1"):
        _settings({"heal": -1})
