"""The words that wellfit uses in what it says, and what each means by them."""

from collections.abc import Iterable, Mapping

WORDS: Mapping[str, str] = {
    # of a diagnosis
    "finding": "A problem that a rule found in a run: what is wrong in one sentence "
    "with numbers, what it rests on, where, and since which step.",
    "severity": "How bad a finding is: `note` is worth knowing, `warning` costs "
    "something, `critical` spoils the training.",
    "note": "The lowest severity: worth knowing, and no reason to call a run sick.",
    "warning": "The middle severity: the run is worse than it could be.",
    "critical": "The highest severity: the training is spoilt until it is mended.",
    "confidence": "How probable it is that a finding is real, from 0 to 1. It is "
    "calibrated: of findings said with 0.8, about eight in ten were right in the "
    "benchmark whose figures stand in docs/accuracy.md.",
    "evidence": "What a finding rests on: values of signals at their steps, and facts.",
    "since": "The step from which on a problem shows.",
    "where": "The parameters, modules, classes or columns that a finding is about.",
    "cause": "A finding that explains another: a learning rate that is too high, say, "
    "explains gradients that explode. What is explained stands beneath its cause.",
    "root-cause": "The finding that explains the others best. It stands first: whoever "
    "mends it may find the rest gone.",
    "symptom": "A finding that another one explains.",
    "remedy": "An act that could help against a finding, such as `clip-gradients`.",
    "not-checked": "A rule that could not judge a run says so, with its reason and "
    "with what would let it. It has not passed.",
    "healthy": "Said of a run where nothing is at `warning` or above, and where enough "
    "was checked to say so: overfitting, learning, gradients and finite values. "
    "Where less was checked it is left open.",
    "passed": "Of rules: that judged a run, and found nothing.",
    # of a run
    "run": "All that was seen of one training: facts, signals and events.",
    "fact": "Something said of a run once: its model, its optimizer, its data.",
    "signal": "Numbers by step: `train/loss`, `train/grad_norm@fc1.weight`: "
    "a phase, a name and, behind the @, a place.",
    "event": "Something that happened at a step: an epoch, an evaluation, a "
    "checkpoint.",
    "phase": "`train`, `val` or `test`: which rows a signal is of.",
    "step": "A step of the optimizer, or a round of boosting, counted from 0.",
    "epoch": "One pass over all training rows.",
    "look": "A step that was seen in full, layer by layer. Between looks only the loss "
    "and what is cheap is recorded; how often depends on `--overhead`.",
    "sweep": "Several runs that belong together: seeds, or hyperparameters tried.",
    "tap": "Where wellfit meets a framework, to see its training without changing it.",
    "ledger": "What treatments on this machine have found to help against what, and "
    "how often: the next one tries first what helped most. It stays on the machine.",
    # of results
    "skill": "A score on one scale for all tasks: 0 is guessing, 1 is perfect. For "
    "classes it is (accuracy − trivial) / (1 − trivial), for numbers R².",
    "guessing": "Always predicting the commonest class or the mean of the targets; "
    "what that scores is the trivial baseline.",
    "trivial-baseline": "The score of always predicting the commonest class or the "
    "mean of the targets. A model that does no better has learnt nothing.",
    "simple-model": "A small standard model, fitted to rows that the training was seen "
    "to use, and scored on others. What it reaches can be learnt: it is the reference "
    "against which a training falls short.",
    "noise-floor": "The error that no model can go below, because the targets are "
    "noisy. A training that has reached it is done, however large its loss.",
    "plateau": "A stretch in which a curve does not move beyond its own noise.",
}


def enumerated(names: Iterable[str]) -> str:
    """Names as a sentence lists them.

    >>> enumerated(["a"]), enumerated(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last
