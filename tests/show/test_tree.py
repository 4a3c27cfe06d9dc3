from wellfit.core.finding import Finding, Severity
from wellfit.show.tree import Branch, tree


def finding(rule: str, *causes: str) -> Finding:
    return Finding(
        rule=rule, severity=Severity.NOTE, confidence=1, summary=rule, causes=causes
    )


def names(branches: tuple[Branch, ...]) -> list[object]:
    return [
        [b.finding.rule, *names(b.beneath)] if b.beneath else b.finding.rule
        for b in branches
    ]


def test_a_finding_stands_beneath_what_explains_it() -> None:
    found = [finding("a"), finding("b", "a"), finding("c"), finding("d", "b", "a")]
    assert names(tree(found)) == [["a", ["b", "d"]], "c"]


def test_no_circle_hides_a_finding() -> None:
    found = [finding("a", "b"), finding("b", "a"), finding("c", "c")]
    assert names(tree(found)) == [["a", "b"], "c"]


def test_causes_that_were_not_found_do_not_matter() -> None:
    assert names(tree([finding("a", "unknown")])) == ["a"]
    assert tree([]) == ()
