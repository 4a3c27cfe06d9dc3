"""A page for every rule, a sentence for every remedy, signal and word."""

import pytest

from wellfit.contracts import check_remedy
from wellfit.contracts.check_rule import SECTIONS
from wellfit.core.errors import UnknownName
from wellfit.core.signals import SIGNALS
from wellfit.core.words import WORDS
from wellfit.remedies import REMEDIES
from wellfit.remedies.plans import acts
from wellfit.rules import all_rules, all_sweep_rules
from wellfit.verbs.explain import explain, fenced

ACT = (*check_remedy.SECTIONS, "Parameters")


@pytest.mark.parametrize("name", [r.name() for r in (*all_rules(), *all_sweep_rules())])
def test_the_page_of_a_rule(name: str) -> None:
    page = explain(name)
    assert page.startswith(f"# {name}\n")
    assert all(f"\n## {section}\n" in page for section in SECTIONS)


@pytest.mark.parametrize("name", REMEDIES)
def test_what_a_remedy_does(name: str) -> None:
    assert REMEDIES[name] in explain(name)
    assert REMEDIES[name].endswith(".")


@pytest.mark.parametrize("name", acts())
def test_the_page_of_a_remedy_that_a_plan_can_have(name: str) -> None:
    page = explain(name)
    assert page.startswith(f"# {name}\n\n{REMEDIES[name]}\n")
    for section in ACT:
        assert f"\n## {section}\n" in page
    assert acts()[name].touches


@pytest.mark.parametrize("name", SIGNALS)
def test_what_a_signal_means(name: str) -> None:
    assert explain(name).startswith(f"# {name}\n\n")
    assert explain(f"val/{name}@fc1") == explain(name)


@pytest.mark.parametrize("name", WORDS)
def test_what_a_word_means(name: str) -> None:
    assert WORDS[name] in explain(name.replace("-", " ").title())
    assert WORDS[name].endswith(".")


def test_no_name_means_two_things() -> None:
    names = [*(rule.name() for rule in all_rules()), *REMEDIES, *SIGNALS, *WORDS]
    assert len(names) == len({*names})


def test_a_remedy_says_what_it_may_help_against() -> None:
    assert "exploding-gradients" in explain("clip-gradients")


def test_names_are_forgiving() -> None:
    assert explain(" Dead_Units ") == explain("dead-units")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("overfiting", "overfitting"),
        ("clip-gradient", "clip-gradients"),
        ("grad_nrm", "grad_norm"),
        ("confidense", "confidence"),
    ],
)
def test_a_name_that_does_not_exist(name: str, nearest: str) -> None:
    with pytest.raises(UnknownName, match=f"did you mean '{nearest}'"):
        explain(name)


def test_examples_are_fenced_for_readers_of_markdown() -> None:
    page = fenced(explain("overfitting"))
    assert page.count("```") == 2
    code = page.split("```")[1]
    assert code.startswith("python\n>>> ")
    assert "## How it is told" not in code
