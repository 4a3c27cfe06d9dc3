"""What verdicts teach: which of them count, and how they order what is tried."""

from dataclasses import replace
from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.core.finding import Diagnosis, Finding, Severity
from wellfit.core.plan import Change, Plan
from wellfit.core.run import Run
from wellfit.core.treatment import Treatment
from wellfit.core.verdict import Outcome, Verdict
from wellfit.trials.effect import effect_of, gains_of
from wellfit.trials.experience import (
    BENCH,
    Experience,
    chance,
    entries_of,
    relative,
    tally,
)
from wellfit.trials.proposals import proposals_for

LOWER = Change(change="lower-learning-rate", params={"factor": 0.1})
CLIP = Change(change="clip-gradients", params={"norm": 1.0})
RUN = Run.of(
    facts={
        "command": {
            "script": "secret.py",
            "args": ["--user=ada"],
            "framework": "torch",
        },
        "objective": {"task": "classification"},
        "training": {"steps": 600},
    }
)


def verdict(*changes, control, treated, outcome=Outcome.TRIED):
    gains = gains_of(control, treated, greater_is_better=False)
    return Verdict(
        plan=Plan.of(*changes),
        outcome=outcome,
        control=tuple(control),
        treated=tuple(treated),
        effect=effect_of(gains),
    )


def treatment(*tried, proven=None):
    return Treatment(
        path=Path("out"),
        metric="val/loss",
        greater_is_better=False,
        verdict=proven,
        seconds=1.0,
        tried=tried,
        against={LOWER.id: "divergence", CLIP.id: "exploding-gradients"},
    )


numbers = st.floats(-1e6, 1e6) | st.just(nan)


@given(numbers, numbers, st.booleans(), st.floats(1e-3, 1e3))
def test_a_relative_gain_is_bounded_fair_and_of_no_unit(before, after, better, unit):
    gain = relative(before, after, greater_is_better=better)
    assert -1 <= gain <= 1
    assert gain == -relative(after, before, greater_is_better=better)
    scaled = relative(unit * before, unit * after, greater_is_better=better)
    assert scaled == pytest.approx(gain, abs=1e-9)


def test_what_is_kept_of_a_verdict():
    tried = verdict(LOWER, control=[2.0, 4.0], treated=[1.0, 1.0])
    (entry,) = entries_of(treatment(tried), RUN)
    assert (entry.rule, entry.remedy) == ("divergence", "lower-learning-rate")
    assert (entry.framework, entry.task, entry.steps) == (
        "torch",
        "classification",
        600,
    )
    assert (entry.params, entry.beside, entry.stage) == ({"factor": 0.1}, (), "search")
    assert (entry.helped, entry.gain, entry.pairs) == (True, 0.625, 2)


def test_no_word_of_the_user_is_kept():
    named = Change(change="fix-output-loss", params={"given": "scores"})
    odd = Change(change="clip-gradients", params={"norm": 1.0, "layer": "ada.encoder"})
    tried = [verdict(c, control=[2.0], treated=[3.0]) for c in (named, odd)]
    entries = entries_of(treatment(*tried), RUN)
    assert [e.params for e in entries] == [{"given": "scores"}, {"norm": 1.0}]
    assert "ada" not in repr(entries)
    assert "secret" not in repr(entries)


@pytest.mark.parametrize(
    ("control", "treated", "helped"),
    [
        ([2.0, 2.0], [1.0, 1.8], True),
        ([2.0], [1.0], True),
        ([2.0], [1.98], False),  # so much is luck
        ([2.0, 2.0], [1.0, 2.1], False),
        ([2.0], [2.0], False),
        ([nan, 2.0], [1.0, 1.0], True),
        ([2.0], [nan], False),
    ],
)
def test_it_helped_where_each_seed_of_the_search_gained_enough(
    control, treated, helped
):
    (entry,) = entries_of(
        treatment(verdict(LOWER, control=control, treated=treated)), RUN
    )
    assert entry.helped is helped


def test_a_proof_says_more_than_the_search():
    tried = verdict(LOWER, control=[2.0, 2.0], treated=[1.0, 1.0])
    proven = verdict(LOWER, control=[2.0] * 6, treated=[3.0] * 6, outcome=Outcome.WORSE)
    entries = entries_of(treatment(tried, proven=proven), RUN)
    (found,) = tally(("one", entry) for entry in entries)
    assert (found.tried, found.helped) == (1, 0)
    assert found.gain == pytest.approx(-1 / 3)


def test_a_proof_that_ran_out_of_time_says_nothing():
    tried = verdict(LOWER, control=[2.0, 2.0], treated=[1.0, 1.0])
    few = verdict(
        LOWER, control=[2.0] * 2, treated=[1.0, 3.0], outcome=Outcome.NO_EFFECT
    )
    never = verdict(LOWER, control=[], treated=[], outcome=Outcome.FAILED)
    for undecided in (few, never):
        entries = entries_of(treatment(tried, proven=undecided), RUN)
        assert entries[-1].helped is None
        (found,) = tally(("one", entry) for entry in entries)
        assert (found.tried, found.helped) == (1, 1)
    same = replace(few, treated=few.control)
    assert entries_of(treatment(proven=same), RUN)[0].helped is False


def test_what_was_tried_beside_others_is_kept_and_not_counted():
    alone = verdict(LOWER, control=[2.0, 2.0], treated=[1.0, 1.0])
    joined = verdict(LOWER, CLIP, control=[1.0, 1.0], treated=[0.5, 0.5])
    entries = entries_of(treatment(alone, joined), RUN)
    assert entries[1].remedy == "clip-gradients"
    assert entries[1].beside == ("lower-learning-rate",)
    assert [e.remedy for e in tally(("one", e) for e in entries)] == [LOWER.change]


def test_each_treatment_and_each_change_counts():
    other = replace(LOWER, params={"factor": 0.01})
    tried = [
        verdict(LOWER, control=[2.0, 2.0], treated=[1.0, 1.0]),
        verdict(other, control=[2.0], treated=[8.0]),
    ]
    said = treatment(*tried)
    said = replace(said, against={**said.against, other.id: "divergence"})
    kept = [(name, e) for name in ("one", "two") for e in entries_of(said, RUN)]
    (found,) = tally(kept)
    assert str(found) == "helped in 2 of 4 trials, median −0.12"


def known(remedy, tried, helped, rule="vanishing-gradients", **more):
    return Experience(
        rule=rule, remedy=remedy, tried=tried, helped=helped, gain=0.2, **more
    )


@given(st.integers(0, 40), st.integers(1, 50), st.data())
def test_a_chance_is_between_the_list_and_what_was_seen(place, tried, data):
    helped = data.draw(st.integers(0, tried))
    found = chance(place, [known("a", tried, helped)])
    low, high = sorted((chance(place), helped / tried))
    assert low - 1e-12 <= found <= high + 1e-12
    assert chance(place) > chance(place + 1)


def test_the_bench_is_outvoted_by_ones_own_trials():
    bench = known("a", 2000, 2000, source=BENCH)
    assert chance(1, [bench]) > 0.8
    assert chance(1, [bench, known("a", 60, 0)]) < 0.3


VANISHING = Diagnosis(
    findings=(
        Finding(
            rule="vanishing-gradients",
            severity=Severity.CRITICAL,
            confidence=0.9,
            summary="it vanishes",
            remedies=("swap-activations", "insert-normalization", "reinitialize"),
        ),
    )
)


def remedies(*told):
    found = proposals_for(Run.of(), VANISHING, told)
    return list(dict.fromkeys(proposal.change.change for proposal in found))


def test_without_experience_the_list_of_the_rule_is_the_order():
    assert remedies() == list(VANISHING.findings[0].remedies)
    elsewhere = known("reinitialize", 9, 9, rule="underfitting")
    assert remedies(elsewhere) == remedies()


def test_what_helped_more_often_is_tried_first():
    assert remedies(known("reinitialize", 9, 9))[0] == "reinitialize"
    assert remedies(known("swap-activations", 9, 0))[-1] == "swap-activations"
    assert remedies(known("reinitialize", 1, 0)) == remedies()


def test_what_a_remedy_would_try_second_stays_behind_all_that_come_first():
    often = known("insert-normalization", 50, 50)
    found = proposals_for(Run.of(), VANISHING, [often])
    places = [p.change.change for p in found]
    assert places[0] == "insert-normalization"
    firsts = len({*places})
    assert len({*places[:firsts]}) == firsts


def test_an_infinite_effect_is_decided():
    proven = verdict(
        LOWER, control=[nan] * 6, treated=[1.0] * 6, outcome=Outcome.BETTER
    )
    assert proven.effect.low == inf
    (entry,) = entries_of(treatment(proven=proven), RUN)
    assert (entry.helped, entry.gain) == (True, 1.0)


def test_what_is_only_trusted_counts_as_the_search():
    tried = verdict(LOWER, control=[2.0], treated=[1.0])
    (entry,) = entries_of(treatment(tried, proven=tried), RUN)
    assert entry.stage == "search"
