import numpy as np
import pytest

from wellfit.core.run import Run, Signal
from wellfit.show.live.curve import Scale, curve


def signal(values: object) -> Signal:
    return Run.of({"loss": values}).signal("loss")


def dots(rows: list[str]) -> np.ndarray:
    """The dots of braille characters, by the order in which Unicode numbers them."""
    order = ((0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (3, 0), (3, 1))
    found = np.zeros((4 * len(rows), 2 * len(rows[0])), dtype=bool)
    for r, row in enumerate(rows):
        for c, character in enumerate(row):
            for bit, (down, right) in enumerate(order):
                on = bool((ord(character) - 0x2800) >> bit & 1)
                found[4 * r + down, 2 * c + right] = on
    return found


def test_a_line_falls_without_holes() -> None:
    drawn = dots(curve(signal(np.linspace(1, 0, 100)), 99, 10, 3, Scale(0.0, 1.0)))
    tops = drawn.argmax(axis=0)
    assert drawn.any(axis=0).all()
    assert (np.diff(tops) >= 0).all()
    assert (tops[0], tops[-1]) == (0, 11)


def test_steps_without_a_value_lie_between_their_neighbours() -> None:
    drawn = dots(curve(signal({10: 0.0, 90: 1.0}), 99, 10, 1, Scale(0.0, 1.0)))
    assert drawn.any(axis=0).tolist() == [False] * 2 + [True] * 17 + [False]


@pytest.mark.parametrize("values", [[np.nan, np.inf], [2.0, 2.0], [1.0], []])
def test_whatever_the_values_are_there_is_a_curve(values: list[float]) -> None:
    given = signal(values)
    rows = curve(given, len(given), 6, 2, Scale.of([given]))
    assert [len(row) for row in rows] == [6, 6]


def test_decades_are_drawn_by_powers() -> None:
    scale = Scale.of([signal(np.logspace(2, -3, 500))])
    assert scale.powers
    assert scale.heights(np.array([1e-3, 0.0, 1e9])).tolist() == [0, 0, 1]


def test_one_spike_does_not_press_the_rest_down() -> None:
    values = np.linspace(1.0, 0.5, 200)
    values[50] = 60.0
    assert Scale.of([signal(values)]).high < 1.1
