"""Causes before symptoms, whatever the order in which they were found."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.core.causes import explains, rank, strength, table
from wellfit.core.finding import Finding, Severity
from wellfit.rules import all_rules, all_sweep_rules

NAMES = sorted(table())


def found(
    rule: str,
    *,
    confidence: float = 0.9,
    severity: Severity = Severity.WARNING,
    since: int | None = None,
) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,
        confidence=confidence,
        summary="1",
        since=since,
    )


FINDINGS = st.lists(
    st.builds(
        found,
        st.sampled_from([*NAMES, "of-a-stranger"]),
        confidence=st.floats(0, 1),
        severity=st.sampled_from(Severity),
        since=st.none() | st.integers(0, 100),
    ),
    max_size=8,
    unique_by=lambda f: f.rule,
)


@pytest.mark.parametrize(
    ("root", "symptoms"),
    [
        ("unscaled-inputs", ("exploding-gradients", "non-finite-values")),
        ("unscaled-inputs", ("learning-rate-too-high", "dead-units", "underfitting")),
        ("learning-rate-too-high", ("exploding-gradients", "non-finite-values")),
        ("learning-rate-too-high", ("dead-units", "constant-predictions")),
        ("learning-rate-too-low", ("undertrained", "underfitting")),
        ("missing-values", ("non-finite-values", "constant-predictions")),
        ("vanishing-gradients", ("constant-predictions", "underfitting")),
        ("output-loss-mismatch", ("underfitting", "undertrained")),
        ("dead-units", ("constant-predictions", "underfitting")),
        ("class-imbalance", ("constant-predictions",)),
        ("constant-predictions", ("underfitting",)),
        ("unshuffled-batches", ("unstable-loss", "underfitting", "overfitting")),
        ("over-regularized", ("underfitting", "loss-plateau")),
        ("learning-rate-too-high", ("unstable-loss", "divergence")),
        ("vanishing-gradients", ("loss-plateau", "underfitting")),
        ("loss-plateau", ("undertrained",)),
        ("divergence", ("constant-predictions", "underfitting")),
        ("class-imbalance", ("metric-hides-minority",)),
    ],
)
def test_the_root_comes_first(root: str, symptoms: tuple[str, ...]) -> None:
    for order in permutations((root, *symptoms)):
        ranked = rank([found(name) for name in order])
        assert ranked[0].rule == root
        assert ranked[0].causes == ()
        assert all(root in f.causes for f in ranked[1:])


def test_a_cause_that_came_later_explains_little() -> None:
    early, late = found("dead-units", since=0), found("dead-units", since=500)
    cause = found("learning-rate-too-high", since=400)
    assert strength(cause, late) > strength(cause, early) > 0


def test_notes_come_last() -> None:
    note = found("output-loss-mismatch", severity=Severity.NOTE)
    assert rank([note, found("underfitting")])[1].rule == note.rule


def test_independent_findings_explain_nothing() -> None:
    ranked = rank([found("overfitting"), found("missing-values")])
    assert [f.causes for f in ranked if f.rule == "missing-values"] == [()]


def test_why_a_finding_stands_where_it_does_is_said() -> None:
    names = ("underfitting", "learning-rate-too-low", "overfitting")
    said = {f.rule: f.because for f in rank([found(name) for name in names])}
    assert said["underfitting"].startswith("learning-rate-too-low explains it: about ")
    assert said["learning-rate-too-low"].startswith("it explains underfitting, and ")
    assert said["overfitting"] == "nothing else that was found explains it"
    assert rank([found("overfitting")])[0].because == ""


@given(FINDINGS)
def test_ranking_keeps_every_finding_and_never_goes_in_circles(
    findings: list[Finding],
) -> None:
    ranked = rank(findings)
    assert sorted(f.rule for f in ranked) == sorted(f.rule for f in findings)
    for place, finding in enumerate(ranked):
        assert set(finding.causes) <= {f.rule for f in ranked[:place]}


@given(FINDINGS, st.randoms())
def test_the_order_of_finding_does_not_matter(
    findings: list[Finding], random: object
) -> None:
    mixed = list(findings)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert rank(mixed) == rank(findings)


def test_the_graph_names_rules_that_exist() -> None:
    names = {rule.name() for rule in (*all_rules(), *all_sweep_rules())}
    assert set(table()) <= names
    assert {s for symptoms in explains().values() for s in symptoms} <= names
    strengths = [p for symptoms in explains().values() for p in symptoms.values()]
    assert all(0 < p < 1 for p in strengths)
    assert all(set(said) <= {"root", "explains"} for said in table().values())
    assert all(0 < said["root"] <= 1 for said in table().values())
