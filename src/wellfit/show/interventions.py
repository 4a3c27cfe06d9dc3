"""What was done to a training that broke, and why: a sentence for each time."""

from collections.abc import Iterator
from typing import Final

from wellfit.core.run import Event, Run
from wellfit.show.numerals import count

KIND: Final = "intervention"
MOST: Final = 6  # that are told one by one
ACTS: Final = {
    "rolled-back": "went back",
    "batch-skipped": "passed a batch over",
    "put-forward": "took that back",
    "buffers-restored": "put buffers back",
}


def sentence(event: Event) -> str:
    """What was seen, and what was done about it.

    >>> said = {"seen": "the loss is nan", "done": "the batch was passed over"}
    >>> sentence(Event(kind="intervention", step=1200, data=said))
    'step 1,200: the loss is nan; the batch was passed over'
    """
    return f"step {event.step:,}: {event.data['seen']}; {event.data['done']}"


def interventions(run: Run) -> Iterator[str]:
    """How often it was needed, and then the latest times, each a sentence."""
    events = run.happened(KIND)
    if not events:
        return
    acts = [event.data["act"] for event in events]
    times = [
        f"{words} {count(acts.count(act), 'time')}"
        for act, words in ACTS.items()
        if act in acts
    ]
    left = ["left it alone"] if "left-alone" in acts else []
    yield f"Where it broke, wellfit {', '.join([*times, *left])}."
    if len(events) > MOST:
        yield f"The last {MOST} of {len(events):,}:"
    yield from map(sentence, events[-MOST:])
