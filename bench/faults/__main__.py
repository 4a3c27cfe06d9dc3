"""The command line of the benchmark: generate, diagnose, report; or `--quick`."""

import argparse
import sys
import warnings
from collections import Counter
from collections.abc import Sequence

from bench.faults import generate, quick, report, store
from bench.faults.cases import SIDES, Case, everything, hashed
from bench.faults.judge import Judged, judge_all
from bench.faults.measure import Sorted, sort


def chosen(only: str | None, side: str | None, limit: int | None) -> list[Case]:
    """The cases whose name holds `only`; of those, `limit` in the order of a hash."""
    cases = [
        case
        for case in everything()
        if (only is None or only in case.name) and side in (None, case.side)
    ]
    # All seeds of a setting together, since pairs of seeds are what counts.
    cases.sort(key=lambda c: hashed(c.setting.base, c.number, c.fault, c.strength))
    return cases[:limit]


def _generate(asked: argparse.Namespace) -> int:
    cases = chosen(asked.only, asked.side, asked.limit)
    settings = generate.needed(cases, any_taps=asked.any_taps)
    print(f"{len(cases)} cases; {len(settings)} trainings to make", file=sys.stderr)
    endings = generate.generate(settings, jobs=asked.jobs)
    print(", ".join(f"{count} {what}" for what, count in endings.items()) or "none")
    return 0


def counted(cases: Sequence[Case]) -> Sorted:
    """The cases that count; what does not is said."""
    found = sort(cases)
    old = {
        said["taps"]
        for case in found.counted
        if (said := store.outcome(case.setting)) is not None
    } - {store.taps()}
    if old:
        print("some runs were recorded by older taps: generate them", file=sys.stderr)
    return found


def judged(side: str, jobs: int) -> tuple[Sorted, Sequence[Judged]]:
    """The runs of a side that count, diagnosed."""
    every = counted(everything())  # the yardstick needs the healthy ones of both sides
    kept = tuple(case for case in every.counted if case.side == side)
    dropped = {
        why: own
        for why, cases in every.dropped.items()
        if (own := tuple(c for c in cases if c.side == side))
    }
    return Sorted(counted=kept, dropped=dropped), judge_all(kept, jobs=jobs)


def _diagnose(asked: argparse.Namespace) -> int:
    side = "untouched" if asked.untouched else "tuning"
    found, said = judged(side, asked.jobs)
    result = report.result(found, said)
    report.save(side, result)
    print(report.text(side, result))
    if side == "tuning":
        print(_names(said))
    return 0


def _names(said: Sequence[Judged]) -> str:
    """The healthy runs with a finding, and the faulty ones without the right one."""
    lines = []
    for j in said:
        if (not j.case.fault and j.findings) or (j.case.fault and not j.among_first):
            found = "; ".join(f"{f.rule} {f.confidence:.2f}" for f in j.findings)
            lines.append(f"{j.case.name} → {found or 'nothing'}")
    return "\n".join(lines)


def _report(_: argparse.Namespace) -> int:
    report.write_page()
    return 0


def _list(asked: argparse.Namespace) -> int:
    cases = chosen(asked.only, asked.side, None)
    kinds = Counter((c.side, bool(c.fault)) for c in cases)
    for (side, faulty), count in sorted(kinds.items()):
        print(f"{side:10} {'faulty' if faulty else 'healthy':8} {count}")
    return 0


def _whole(_: argparse.Namespace) -> int:
    """Everything, which takes hours: what is there already is not made again."""
    cases = chosen(None, None, None)
    generate.generate(generate.needed(cases), jobs=2)
    for side in SIDES:
        report.save(side, report.result(*judged(side, 2)))
    report.write_page()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.faults")
    parser.add_argument("--quick", action="store_true", help="a small fixed sample")
    parser.set_defaults(run=_whole, jobs=2)
    verbs = parser.add_subparsers()
    made = verbs.add_parser("generate", help="train what is not there yet")
    made.add_argument("--limit", type=int, help="so many cases, drawn by a hash")
    made.add_argument("--any-taps", action="store_true", help="keep runs of older taps")
    made.set_defaults(run=_generate)
    listed = verbs.add_parser("list", help="count the cases")
    listed.set_defaults(run=_list)
    for verb in (made, listed):
        verb.add_argument("--only", help="cases whose name holds this")
        verb.add_argument("--side", choices=("tuning", "untouched"))
    said = verbs.add_parser("diagnose", help="judge what is there, and score it")
    said.add_argument("--untouched", action="store_true", help="the other half")
    said.set_defaults(run=_diagnose)
    for verb in (made, said):
        verb.add_argument("--jobs", type=int, default=1)
    verbs.add_parser("report", help="fill docs/accuracy.md").set_defaults(run=_report)
    return parser


def main() -> int:
    warnings.simplefilter("ignore")  # those of the trainings, which are no news
    asked = _parser().parse_args()
    if asked.quick:
        return quick.main(asked.jobs)
    return int(asked.run(asked))


if __name__ == "__main__":
    raise SystemExit(main())
