"""Whether a suspicion has cost anything: what was reached on rows held back.

A fault that shows in the gradients or in the loop is worth a warning where the run
also ends short of what can be had; where it does as well, it is a note at most.
"""

from math import hypot

from wellfit.core.run import Run
from wellfit.rules import curves, results


def short_of(
    run: Run, share: float = results.REACHED, sigmas: float = 1.0
) -> bool | None:
    """Whether the run ends below that share of a simple model's skill.

    Rows that were held back count, where any were scored. None where nothing tells: a
    loss without scores may stay where it is for good reasons, as a GAN's does.
    """
    if results.broke(run):
        return True
    stands = results.standing(run)
    score = stands.val or stands.train
    if score is None:
        return None if results.fell_short(run) else False
    if stands.reference is None:
        return False if score.value >= results.REACHED else _no_better(score)
    slack = sigmas * hypot(score.error, stands.reference.error)
    return score.value < share * stands.reference.value - slack


def _no_better(score: results.Skill) -> bool | None:
    return True if score.value < 0.5 else None


def nearly_perfect(run: Run) -> bool:
    """Whether the score leaves little to be had, whatever a simple model does."""
    stands = results.standing(run)
    score = stands.val or stands.train
    return score is not None and score.value >= results.REACHED


def turned(run: Run, rise: float = 1.1) -> bool:
    """Whether the validation loss ends well above its own least: it was overfitted.

    `rise` is the end over the least, beyond what the curve's own noise would do.
    """
    loss = curves.until_broken(run.get("val/loss"))
    if loss is None or len(loss) < 5:
        return False
    least, end = float(loss.values.min()), curves.end(loss.values)
    return least > 0 and end.value - 2 * end.error > rise * least
