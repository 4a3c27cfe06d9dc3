"""The steps of a Keras training: their losses, and at looks what they did."""

import math
import weakref
from time import perf_counter
from typing import Any

from wellfit.taps.keras.activations import Activations
from wellfit.taps.keras.backend import Backend
from wellfit.taps.keras.data import (
    Given,
    Inputs,
    all_targets,
    slices,
)
from wellfit.taps.keras.describe import (
    accumulated,
    activation_of,
    clipping_fact,
    ends_in,
    first_layer,
    layers_of,
    model_fact,
    named,
    optimizer_fact,
    versions_fact,
)
from wellfit.taps.keras.losses import criterion_of
from wellfit.taps.keras.names import RATES, Names
from wellfit.taps.keras.objective import Objective
from wellfit.taps.keras.probe import Probe
from wellfit.taps.keras.rates import rate_of
from wellfit.taps.keras.scores import Scores
from wellfit.taps.keras.weights import WeightsLook, gradient_norms
from wellfit.taps.looks import Looks
from wellfit.taps.sample import ROWS, Sample
from wellfit.taps.tap import Records

WINDOWS = (16, 256)  # steps whose losses are fetched together, at first and later
PATIENCE = 0.5  # seconds after which they are fetched anyway
SCORED = 16  # batches that are scored together
SMALL = 4096  # outputs of a step that are scored between looks too
SPIKE = 3.0  # times the recent loss: unusual enough to look at the next steps
SAID_AGAIN = 2.0  # seconds after which facts that grow are written again


class Steps:
    """Turns what is met of a training into signals and facts."""

    def __init__(self, records: Records, looks: Looks, backend: Backend) -> None:
        self.count = 0  # optimizer steps done
        self.epochs = 0
        self.names = Names()
        self.objective = Objective()
        self.looking = True  # the present step is seen in full
        self.given: Given | None = None
        self.kept: int | None = None  # the step whose weights were kept
        self._records = records
        self._looks = looks
        self._backend = backend
        self._model: weakref.ref[Any] | None = None
        self._optimizer: weakref.ref[Any] | None = None
        self._variables: dict[str, Any] = {}
        self._layers: dict[str, Any] = {}
        self._inputs, self._sample = Inputs(), Sample()
        self._activations = Activations()
        self._probe = Probe(backend)
        self._weights: WeightsLook | None = None
        self._gradients: dict[str, float] = {}
        self._scores: Scores | None = None
        self._seen: dict[str, Any] = {}  # of this step: loss, x, outputs, targets
        self._handles: list[Any] = []
        self._through: list[tuple[str, str | None, Any]] = []
        self._losses: list[tuple[int, Any]] = []
        self._rate: float | None = None
        self._parts: list[Any] = []  # losses of the batches of one accumulated step
        self._recent = math.nan
        self._flushed = self._said = perf_counter()
        self._counted = 0
        self._batch_size = 0
        self._rows: int | None = None
        self._batches = 0
        self._entered: Any = None  # what entered the first layer

    # -- which training ----------------------------------------------------------

    def of(self, model: Any) -> bool:
        """Whether that model is the one that is watched: the first that is trained."""
        if self._model is None:
            self._model = weakref.ref(model)
        return self._model() is model

    @property
    def model(self) -> Any:
        """The model that is watched; None before there is one, and when it is gone."""
        return None if self._model is None else self._model()

    def data(self, given: Given) -> None:
        """These data are about to be trained on."""
        self.given = given
        self.objective.weighted |= given.class_weight is not None
        self.objective.weighted |= given.sample_weight is not None
        if given.rows is not None:
            self._rows = given.trained_rows

    # -- around a step -----------------------------------------------------------

    def before(self, optimizer: Any, *, rate: bool = False, late: bool = False) -> None:
        """A batch is about to be trained on; the model may not be built yet.

        With `rate` the learning rate may be another than that of the step before;
        `late` is said where the weights have moved already.
        """
        if not self._variables:
            self._meet(optimizer)
        self._seen = {}
        if rate or self.looking:
            self.rate()
        if self.looking and self._variables and not late:
            begun = perf_counter()
            if self._weights is None:  # else the step has begun batches ago
                self._weights = WeightsLook(self._variables, self._backend)
            self.listen()
            self._looks.spent += perf_counter() - begun

    def _meet(self, optimizer: Any) -> None:
        """The first step: the model and its optimizer, as soon as they are built."""
        model = self.model
        if self._flushed and not self.count and self._optimizer is None:
            self._looks.begin()
            self._flushed = perf_counter()
        self._optimizer = weakref.ref(optimizer) if optimizer is not None else None
        if model is None or not model.built or not model.trainable_variables:
            return
        self._variables = named(model.trainable_variables)
        self._layers = layers_of(model)
        say = self._records.fact
        say("model", model_fact(model, self._layers))
        say("versions", versions_fact(self._backend.name))
        if seed := self._backend.seed():
            say("seeds", seed)

    def _study(self) -> None:
        """After the first step: what is compiled is built now, and can be named."""
        model, say = self.model, self._records.fact
        optimizer = None if self._optimizer is None else self._optimizer()
        if optimizer is not None:
            say(
                "optimizer",
                optimizer_fact(optimizer, rate_of(optimizer, self._backend)),
            )
            clipping = clipping_fact(optimizer)
            if clipping is not None:
                say("clipping", clipping)
        if model is None:
            return
        self.names.meet(model)
        losses = getattr(getattr(model, "_compile_loss", None), "_flat_losses", None)
        if losses and losses[0].loss is not None:
            self.compiled(losses[0].loss)
        self._sample_given()

    def compiled(self, loss: Any) -> None:
        """The loss is that object."""
        undone = self._backend.name == "tensorflow" and self.model is not None
        ending = ends_in(self.model) if undone else None
        self.objective.criterion = criterion_of(loss, ends_in=ending)
        self._scores = Scores(self.objective.criterion)
        if self.model is not None:
            self._probe.meet(self.model, loss)

    def _sample_given(self) -> None:
        given, objective = self.given, self.objective
        if given is None or given.rows is None:
            return
        rows, targets = slices(given, ROWS, self._backend)
        self.batch(rows, targets)
        every = all_targets(given, self._backend)
        if every is not None:
            objective.count_all(every)

    def batch(self, rows: Any, targets: Any) -> None:
        """Some rows that are trained on, and their targets."""
        self._say(self._inputs.look(rows))
        told = None
        if targets is not None:
            self._say(self.objective.targets(targets))
            told = targets
            if self.objective.task == "classification" and targets.ndim > 1:
                told = targets.argmax(-1) if targets.shape[-1] > 1 else targets
        if rows.dtype.kind in "fiu":
            numbers = rows.dtype.kind == "f"
            table = rows.ndim == 2 and numbers
            self._sample.add(rows, told, table=table, numbers=numbers)
        self._probe.rows(rows, targets)

    # -- within a step -----------------------------------------------------------

    def computed(self, loss: Any, x: Any) -> None:
        """The loss of the batch at hand, penalties included."""
        self._seen["loss"] = self._backend.held(loss)
        self._seen.setdefault("x", x)

    def called(self, loss: Any, targets: Any, outputs: Any, value: Any) -> None:
        """A loss object was called for the batch at hand: the first is its."""
        if "outputs" in self._seen or not self._backend.number(outputs):
            return
        held = self._backend.held
        self._seen |= {"outputs": held(outputs), "targets": held(targets)}
        self._seen.setdefault("loss", held(value))
        self._seen["by"] = loss

    def at_hand(self, given: Given) -> None:
        """The batch that is trained on is told rather than fetched."""
        self._seen |= {"x": given.x, "y": given.y, "rows": given.rows}

    @property
    def rows_at_hand(self) -> int | None:
        """The rows of the batch at hand."""
        rows = self._seen.get("rows")
        if rows is None and (outputs := self._seen.get("outputs")) is not None:
            rows = int(outputs.shape[0]) if len(outputs.shape) else None
        return rows

    def gradients(self, gradients: list[Any], variables: list[Any]) -> None:
        """The gradients that an optimizer is about to apply to those variables."""
        begun = perf_counter()
        names = {id(v): name for name, v in self._variables.items()}
        pairs = zip(variables, gradients, strict=False)
        known = {names[id(v)]: g for v, g in pairs if id(v) in names}
        self._gradients |= gradient_norms(known, self._backend)
        self._looks.spent += perf_counter() - begun

    def listen(self) -> None:
        """Where layers are PyTorch's modules too, hear what they give in this step."""
        self._deafen()
        if self._backend.name != "torch":
            return
        for name, layer in self._layers.items():
            hook = self._hear(name, activation_of(layer))
            self._handles.append(layer.register_forward_hook(hook))

    def _hear(self, name: str, kind: str | None) -> Any:
        def hook(_: Any, args: Any, output: Any) -> None:
            usable = not self._backend.tracing() and self._backend.recording()
            if usable and not self._through and args:
                self._entered = args[0]
            if usable and self._backend.number(output):
                self._through.append((name, kind, self._backend.held(output)))

        return hook

    def _deafen(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles.clear()

    # -- after a step --------------------------------------------------------------

    def after(self, loss: Any, *, batches: int = 1, rows: int | None = None) -> None:
        """Batches were trained on; `loss` where it was told rather than computed."""
        if not self._variables:
            self._meet(None if self._optimizer is None else self._optimizer())
        first = not self._looks.taken and not self.count
        if first:
            self._study()
        seen, self._seen = self._seen, {}
        self._score(seen)
        part = seen.get("loss", loss)
        if part is not None:
            self._parts.append(part)
        self._batch_size = max(self._batch_size, rows or 0)
        steps = self._steps(batches)
        if self.looking and steps:
            begun = perf_counter()
            self._look(seen, single=steps == 1)
            self._looks.spent += perf_counter() - begun
            if rows:
                self._say({"batch_size": float(rows)})
        self._through.clear()
        self._done(steps)

    def _steps(self, batches: int) -> int:
        """Optimizer steps in so many more batches: gradients may be accumulated."""
        every = accumulated(None if self._optimizer is None else self._optimizer())
        before, self._batches = self._batches, self._batches + batches
        return self._batches // every - before // every

    def _look(self, seen: dict[str, Any], *, single: bool) -> None:
        self._deafen()
        found = {} if self._weights is None else self._weights.after()
        self._weights = None
        if not single:  # the way of several steps together is no step
            found = {n: v for n, v in found.items() if not n.startswith("update_ratio")}
        found |= self._gradients
        self._gradients = {}
        for name, kind, output in self._through:
            found |= self._activations.see(name, kind, self._backend.array(output))
        seen = {"x": self._entered} | {k: v for k, v in seen.items() if v is not None}
        self._entered = None
        arrays = {k: v for k, v in seen.items() if self._backend.number(v)}
        plain = {name: self._backend.array(value) for name, value in arrays.items()}
        wanted = plain.get("targets", plain.get("y"))
        if "outputs" in plain and wanted is not None:
            found |= self.objective.outputs(plain["outputs"], wanted)
        if "x" in plain and (self.given is None or self.given.rows is None):
            self.batch(plain["x"], wanted)
        if not arrays:
            found |= self._probe.look(
                self._layers, self._variables, self.objective, self._activations
            )
        self._looks.took(self.count)
        self._say(found)

    def _score(self, seen: dict[str, Any]) -> None:
        outputs, targets = seen.get("outputs"), seen.get("targets")
        if self._scores is None or outputs is None or targets is None:
            return
        size = math.prod(outputs.shape)
        if size <= SMALL or self.looking:
            array = self._backend.array
            self._scores.add(array(outputs), array(targets))

    def _done(self, steps: int) -> None:
        """So many optimizer steps are done."""
        self.count += steps
        if self._parts and steps:
            parts, self._parts = self._parts, []
            mean = parts[0] if len(parts) == 1 else sum(parts) / len(parts)
            self._losses.append((self.count - 1, mean))
        window = min(max(WINDOWS[0], self.count // 32), WINDOWS[1])
        due = self.count - self._counted >= window
        if due or perf_counter() - self._flushed > PATIENCE:
            self.flush()
        if steps:
            self.looking = self._looks.due(self.count)

    def rate(self) -> None:
        """The learning rate of the next step: to ask a schedule for it costs much."""
        optimizer = None if self._optimizer is None else self._optimizer()
        rate = None if optimizer is None else rate_of(optimizer, self._backend)
        if rate is not None and rate != self._rate:
            self._rate = rate
            self._records.value("train/learning_rate", self.count, rate)

    def epoch(self, number: int, logs: dict[str, Any]) -> None:
        """An epoch is over, with Keras's own means of it."""
        self.flush(whole=True)
        self.epochs += 1
        self._records.event("epoch", self.count, number=self.epochs)
        for name, value in logs.items():
            phase = "val" if name.startswith("val_") else "train"
            own = name.removeprefix("val_")
            if own in RATES or (phase == "train" and own == "loss" and self._stepwise):
                continue
            step = self.count if phase == "val" else self.count - 1
            for signal in self.names.signals(name, phase):
                self._records.value(signal, step, value)

    @property
    def _stepwise(self) -> bool:
        """Whether the loss of every step is recorded: its mean would be another."""
        return not math.isnan(self._recent)

    # -- out of hand ---------------------------------------------------------------

    def flush(self, *, whole: bool = False) -> None:
        """Fetch what is still under way, and record it; scores too where `whole`."""
        losses, self._losses = self._losses, []
        numbers = self._backend.fetch([loss for _, loss in losses])
        for (step, _), value in zip(losses, numbers, strict=True):
            self._records.value("train/loss", step, value)
            self._watch_for_the_unusual(step, value)
        scores = self._scores
        if scores is not None and (scores.batches >= SCORED or whole):
            self._scores = Scores(self.objective.criterion)
            self.objective.count(scores.counts)
            for name, value in scores.result().items():
                if not name.startswith("recall@") and name not in self.names.known:
                    self._records.value(f"train/{name}", self.count - 1, value)
        now = perf_counter()
        if self.count > self._counted:
            mean = (now - self._flushed) / (self.count - self._counted)
            self._records.value("train/step_time", self.count - 1, mean)
        self._flushed, self._counted = now, self.count
        if now - self._said > SAID_AGAIN:
            self.say_facts()

    def _watch_for_the_unusual(self, step: int, loss: float) -> None:
        recent = self._recent
        if not math.isfinite(loss):
            if math.isfinite(recent):
                self._records.event("non-finite", step, what="loss")
                self._looks.alarm(step)
        elif math.isfinite(recent) and abs(loss) > SPIKE * abs(recent) + 1e-12:
            self._looks.alarm(step)
        self._recent = loss if math.isnan(recent) else 0.9 * recent + 0.1 * loss

    def resume(self) -> None:
        """An evaluation is over: its time is not the steps'."""
        self._flushed = perf_counter()

    def say_facts(self, *, whole: bool = False) -> None:
        """Write the facts that grow; at the end, what is learnt from the sample too."""
        self._said = perf_counter()
        if not self.count:
            return
        looks, model = self._looks, self.model
        shape = getattr(model, "output_shape", None) if self._layers else None
        inputs = self._inputs.fact(first_layer(self._layers))
        training: dict[str, Any] = {
            "steps": self.count,
            "epochs": self.epochs or None,
            "rows": self._rows,
            "batch_size": self._batch_size or None,
            "seconds": looks.elapsed,
            "loss_source": "criterion",
        }
        if self.kept is not None:
            training["kept"] = self.kept
        facts: dict[str, Any] = {
            "objective": self.objective.fact(shape),
            "inputs": inputs,
            "metrics": self.names.fact or None,
            "training": training,
            "watching": {
                "seconds": looks.spent,
                "share": looks.spent / max(looks.elapsed, 1e-9),
                "looks": looks.taken,
            },
        }
        if whole:
            for key, fact in self._sample.facts(self.objective.task, loader={}).items():
                facts[key] = {**(inputs or {}), **fact} if key == "inputs" else fact
        for key, fact in facts.items():
            if fact is not None:
                self._records.fact(key, fact)

    def close(self) -> None:
        """Leave nothing behind in the model, nor of a step that was broken off."""
        self._deafen()
        self._through.clear()
        self._weights = self._entered = None
        self._seen, self._gradients = {}, {}

    def _say(self, found: dict[str, float]) -> None:
        for name, value in found.items():
            self._records.value(f"train/{name}", self.count, value)
