"""Findings in words, for tools that show text."""

from collections.abc import Iterator

from wellfit.core.finding import Diagnosis, Finding


def told(finding: Finding) -> str:
    """A finding as Markdown: what, since when, where, why, and what may help."""
    return "\n\n".join(_paragraphs(finding))


def _paragraphs(finding: Finding) -> Iterator[str]:
    since = "" if finding.since is None else f", since step {finding.since:,}"
    yield f"**{finding.rule}** ({finding.severity}{since}): {finding.summary}"
    if finding.where:
        yield "Where: " + ", ".join(f"`{place}`" for place in finding.where)
    if finding.evidence:
        yield "\n".join(f"- {seen.text}" for seen in finding.evidence)
    if finding.causes:
        yield "Probably because of: " + ", ".join(finding.causes)
    if finding.remedies:
        yield "What helps: " + ", ".join(f"`{name}`" for name in finding.remedies)


def verdict(diagnosis: Diagnosis) -> str:
    """`healthy`, `unwell`, or `unknown` where too little could be checked."""
    words = {True: "healthy", False: "unwell", None: "unknown"}
    return words[diagnosis.healthy]
