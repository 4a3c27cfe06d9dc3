import pytest

from wellfit.core.run import Run
from wellfit.show.live.layers import standing_out


def run(**by_name: list[float]) -> Run:
    signals = {
        f"train/{name}@fc{place}": [value]
        for name, values in by_name.items()
        for place, value in enumerate(values)
    }
    weights = {f"train/weight_norm@fc{place}": [1.0] for place in range(5)}
    return Run.of(signals | weights)


def test_a_layer_is_held_against_the_others() -> None:
    (odd,) = standing_out(run(update_ratio=[1e-3, 2e-3, 9e-2, 1e-3, 2e-3]))
    assert (odd.where, odd.text) == ("fc2", "update × 60")
    (odd,) = standing_out(run(grad_norm=[1e-5, 1.0, 2.0, 1.0, 2.0]))
    assert (odd.where, odd.text) == ("fc0", "gradient × 6.7e-06")


def test_the_farthest_comes_first_and_a_layer_once() -> None:
    found = standing_out(
        run(grad_norm=[1e-2, 1, 1, 1, 1e-6], dead_share=[0.4, 0, 0, 0, 0.9])
    )
    assert [odd.where for odd in found] == ["fc4", "fc0"]
    assert found[0].text.startswith("gradient × 1e-06")


@pytest.mark.parametrize(
    "usual",
    [
        {"grad_norm": [1.0, 2.0, 5.0, 3.0]},
        {"grad_norm": [1.0, 1e-9]},  # too few to say which is the odd one
        {"dead_share": [0.6, 0.5, 0.6]},  # all alike: that is for a rule to say
        {},
    ],
)
def test_otherwise_none_stands_out(usual: dict[str, list[float]]) -> None:
    assert standing_out(run(**usual)) == []


def test_biases_are_not_compared() -> None:
    biases = {f"train/grad_norm@fc{i}.bias": [10.0**-i] for i in range(5)}
    assert standing_out(Run.of(biases)) == []
