"""What was trained, with what: the model, the optimizer, versions, seeds, and costs."""

from collections.abc import Iterator, Mapping
from typing import Any

from wellfit.core.finding import Diagnosis
from wellfit.core.run import Run
from wellfit.show.interventions import KIND, sentence
from wellfit.show.numerals import count, duration, number
from wellfit.show.outcome import cost
from wellfit.show.report.parts import Cell, Section, Table

MOST = 300  # layers that are listed

Fact = tuple[str, str]


def model(run: Run, diagnosis: Diagnosis) -> Section:
    """The model's layers in forward order, and what it is trained with."""
    known = run.facts.get("model") or {}
    return Section(
        id="model",
        title="Model and optimizer",
        facts=(*_model(known), *_objective(run), *_optimizer(run), *_clipping(run)),
        tables=tuple(_layers(known.get("layers") or [])),
    )


def setting(run: Run, diagnosis: Diagnosis) -> Section:
    """Where and how it ran, and what watching it cost."""
    return Section(
        id="setting",
        title="How it ran",
        facts=(
            *_command(run.facts.get("command") or {}),
            *_training(run.facts.get("training") or {}),
            *_seeds(run.facts.get("seeds") or {}),
            *_versions(run.facts.get("versions") or {}),
            *_watching(run),
            *(("Intervention", sentence(e)) for e in run.happened(KIND)),
            *(("Note", event.data["text"]) for event in run.happened("note")),
        ),
    )


def unchecked(run: Run, diagnosis: Diagnosis) -> Section:
    """What no rule could judge, and why; and which rules passed."""
    reasons = diagnosis.not_checked.items()
    table = Table(
        title="Not checked",
        columns=("rule", "why it could not judge"),
        rows=tuple((rule, said.reason) for rule, said in reasons),
    )
    passed = ", ".join(diagnosis.passed)
    return Section(
        id="checked",
        title="Checks",
        facts=(("Passed", passed),) if passed else (),
        tables=(table,) if diagnosis.not_checked else (),
    )


def _model(known: Mapping[str, Any]) -> Iterator[Fact]:
    if known.get("class"):
        yield "Model", known["class"]
    if known.get("parameters") is not None:
        frozen = known["parameters"] - known.get("trainable", known["parameters"])
        part = f", {frozen:,} of them frozen" if frozen else ""
        yield "Parameters", f"{known['parameters']:,}{part}"


def _objective(run: Run) -> Iterator[Fact]:
    objective = run.facts.get("objective") or {}
    if objective.get("criterion"):
        extras = [objective.get("task"), objective.get("reduction")]
        if objective.get("classes"):
            extras.insert(1, f"{objective['classes']:,} classes")
        said = ", ".join(str(e) for e in extras if e)
        yield "Loss", objective["criterion"] + (f" ({said})" if said else "")


def _optimizer(run: Run) -> Iterator[Fact]:
    optimizer = run.facts.get("optimizer") or {}
    groups = optimizer.get("groups") or []
    for place, group in enumerate(groups, start=1):
        name = "Optimizer" if len(groups) == 1 else f"Optimizer, group {place}"
        yield name, f"{optimizer['kind']}: {_settings(group)}"


def _settings(group: Mapping[str, Any]) -> str:
    tensors = group.get("parameters")
    said = [f"{k} {_value(v)}" for k, v in group.items() if _telling(k, v)]
    return ", ".join(said + ([count(tensors, "tensor")] if tensors else []))


def _telling(name: str, value: Any) -> bool:
    return name != "parameters" and value is not None and value is not False


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_value, value))})"
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return number(value) if is_number else str(value)


def _clipping(run: Run) -> Iterator[Fact]:
    clipping = run.facts.get("clipping") or {}
    if clipping:
        yield "Clipping", f"gradient {clipping['kind']} at {number(clipping['limit'])}"


def _layers(layers: list[Mapping[str, Any]]) -> Iterator[Table]:
    most = max((layer["parameters"] for layer in layers), default=0)
    if layers:
        more = len(layers) - MOST
        yield Table(
            title="Layers, in forward order",
            columns=("layer", "kind", "parameters"),
            rows=tuple(
                (
                    layer["name"],
                    layer["kind"],
                    Cell(
                        text=f"{layer['parameters']:,}" if layer["parameters"] else "–",
                        bar=layer["parameters"] / most if most else None,
                    ),
                )
                for layer in layers[:MOST]
            ),
            numeric=(2,),
            note=f"{more:,} more layers are not shown." if more > 0 else "",
        )


def _command(command: Mapping[str, Any]) -> Iterator[Fact]:
    if command.get("script"):
        words = (command["script"], *(command.get("args") or ()))
        yield "Command", " ".join(map(str, words))


def _training(training: Mapping[str, Any]) -> Iterator[Fact]:
    names = {"steps": "step", "epochs": "epoch", "evaluations": "evaluation"}
    said = [count(training[k], noun) for k, noun in names.items() if training.get(k)]
    if training.get("batch_size"):
        said.append(f"batches of {training['batch_size']:,}")
    if said:
        yield "Training", ", ".join(said)
    seconds = training.get("seconds")
    if seconds:
        yield "Time", duration(seconds)
    if seconds and training.get("steps") and training.get("batch_size"):
        pace = training["steps"] * training["batch_size"] / seconds
        yield "Throughput", f"{count(round(pace), 'row')} a second"


def _seeds(seeds: Mapping[str, Any]) -> Iterator[Fact]:
    known = [f"{k} {v}" for k, v in seeds.items() if v is not None]
    if seeds:
        yield "Seeds", ", ".join(known) or "none was set"


def _versions(versions: Mapping[str, Any]) -> Iterator[Fact]:
    if versions:
        yield "Versions", ", ".join(f"{k} {v}" for k, v in versions.items())


def _watching(run: Run) -> Iterator[Fact]:
    watching, spent = run.facts.get("watching") or {}, cost(run)
    if spent is not None:
        looks = watching.get("looks")
        took = [f"{duration(watching['seconds'])} in all"] * ("seconds" in watching)
        seen = [f"{count(looks, 'step')} seen in full"] if looks else []
        yield "Watching", "; ".join([spent, *took, *seen])
    if watching.get("lost"):
        yield "Lost", f"{count(watching['lost'], 'value')} could not be written"
