"""The Keras tap: every training of this process by Keras 3, seen and left as it is.

`fit`, `evaluate`, `train_on_batch` and the container of callbacks tell the phases,
epochs and metrics; where steps are computed one by one, the loss and the optimizer
tell the rest. What is compiled into a graph is not touched: nothing of the tap's is
traced, and nothing is read while tracing goes on.
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import keras

from wellfit.taps.keras.backend import Backend, backend_of_keras
from wellfit.taps.keras.data import Given, Known
from wellfit.taps.keras.evaluations import Pass
from wellfit.taps.keras.functions import Functions
from wellfit.taps.keras.loops import Loop
from wellfit.taps.keras.rates import changed_by_batch, iterations
from wellfit.taps.keras.running import Running
from wellfit.taps.keras.steps import Steps
from wellfit.taps.looks import Looks
from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, attached, enter, leave

CALLBACKS = (
    "on_train_end",
    "on_epoch_begin",
    "on_epoch_end",
    "on_train_batch_begin",
    "on_train_batch_end",
    "on_test_end",
)


class _Fit:
    """A call of `fit` that goes on."""

    def __init__(self, model: Any, given: Given, backend: Backend) -> None:
        self.model = model
        self.given = given
        self.callbacks: Any = None  # its container, once there is one
        self.running = Running(backend)
        self._backend = backend
        self.begun = 0  # the number of the batch at hand
        self.batches = 0
        self.left: int | None = None  # rows of this epoch that are not trained on yet
        self.by_batch = False  # callbacks may change the rate between batches
        self.first = True  # of this epoch: its first batch has not begun yet
        self.ends: dict[int, int] = {}  # epoch, as Keras counts → steps done
        self._iterations = iterations(model.optimizer, backend)

    def done(self, most: int) -> int:
        """Batches since it was last asked, of several that were done at once."""
        before, self._iterations = (
            self._iterations,
            iterations(self.model.optimizer, self._backend),
        )
        return min(self._iterations - before, most) or most


class KerasTap:
    """Watches the trainings of this process, from `attach` to `finish`.

    The first model that is trained is watched. A fault of the tap's own ends the
    watching, never the training.
    """

    framework = "keras"

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._backend = backend_of_keras()
        self._steps = Steps(
            records, Looks(overhead=overhead, every=every), self._backend
        )
        self._known = Known()
        self._fit: _Fit | None = None
        self._fits: list[_Fit | None] = []  # those that go on, within each other
        self._pass: Pass | None = None
        self._passing: list[bool] = []  # evaluations that go on: whether to be recorded
        self._by_hand: Pass | None = None  # a pass of `test_on_batch`, or of a loop
        self._loop = Loop()
        self._functions = Functions()
        self._applied_before = 0
        self._phase = ""
        self._owns = False
        self._others: set[int] = set()

    @property
    def step(self) -> int:
        """Optimizer steps done."""
        return self._steps.count

    # -- coming and going ----------------------------------------------------------

    def attach(self) -> None:
        """Begin to watch."""
        replace = self._patches.replace
        trainer = _home(keras.Model, "fit")
        replace(trainer, "fit", self._fit_patch)
        replace(trainer, "evaluate", self._evaluate_patch)
        replace(trainer, "train_on_batch", self._train_on_batch_patch)
        replace(trainer, "test_on_batch", self._test_on_batch_patch)
        replace(trainer, "__init__", self._after(self._made))
        losses = _home(keras.Model, "compute_loss")
        replace(losses, "compute_loss", self._after(self._computed))
        replace(keras.losses.Loss, "__call__", self._after(self._called))
        optimizer = _home(keras.optimizers.Optimizer, "apply")
        replace(optimizer, "apply", self._apply_patch)
        container = keras.callbacks.CallbackList
        for name in CALLBACKS:
            hear = getattr(self, f"_{name}")
            # What has ended is told before callbacks hear of it: they may raise.
            early = name in ("on_train_batch_end", "on_epoch_end")
            make = self._before(hear) if early else self._after_too(hear)
            replace(container, name, make)
        if self._backend.function is not None:
            replace(self._backend.function, "__call__", self._function_patch)
        self._guard.on = True
        enter(self)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in Keras."""
        self._guard.on = False
        leave(self)
        self._patches.restore()
        self._steps.close()

    def finish(self) -> None:
        """Detach, and record what is still held and what the whole tells."""
        was_on = self._guard.on
        self.detach()
        if not was_on:
            return
        try:
            self._end_by_hand()
            self._steps.flush(whole=True)
            self._steps.say_facts(whole=True)
        except Exception as error:
            self._guard.fail(error)

    def _own(self) -> bool:
        """Take over from the tap of PyTorch, which would see the same steps in part.

        Where that one has counted steps already, the run is of its training, and this
        tap has nothing to add.
        """
        if self._owns:
            return True
        others = [
            tap
            for tap in attached()
            if tap.records is self.records and tap.framework == "torch"
        ]
        if any(tap.step for tap in others):
            text = "what Keras trains is not recorded: this run is of another training"
            self.records.event("note", others[0].step, text=text)
            self.detach()
            return False
        for tap in others:
            tap.detach()
        self._owns = True
        return True

    def _mine(self, model: Any) -> bool:
        """Whether that model's training is the one watched; of another, say so once."""
        if not self._own():
            return False
        if self._steps.of(model):
            return True
        if id(model) not in self._others:
            self._others.add(id(model))
            text = f"another model, {model.name}, is trained too and is not recorded"
            self.records.event("note", self.step, text=text)
        return False

    # -- what is patched -----------------------------------------------------------

    def _around(
        self, before: Callable[..., None] | None, after: Callable[..., None] | None
    ) -> Callable[[Any], Any]:
        """Patches that are called before and after, but never while tracing."""
        tracing = self._backend.tracing
        first = self._guard(before) if before is not None else None
        then = self._guard(after) if after is not None else None

        def make(original: Any) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                if tracing():
                    return original(*args, **kwargs)
                if first is not None:
                    first(*args, **kwargs)
                value = original(*args, **kwargs)
                if then is not None:
                    then(value, *args, **kwargs)
                return value

            return call

        return make

    def _before(self, seen: Callable[..., None]) -> Callable[[Any], Any]:
        return self._around(seen, None)

    def _after(self, seen: Callable[..., None]) -> Callable[[Any], Any]:
        return self._around(None, seen)

    def _after_too(self, seen: Callable[..., None]) -> Callable[[Any], Any]:
        return self._after(lambda _, *args, **kwargs: seen(*args, **kwargs))

    def _fit_patch(self, original: Any) -> Any:
        begins, ends = self._guard(self._fit_begins), self._guard(self._fit_ends)
        signature = inspect.signature(original)

        def fit(model: Any, *args: Any, **kwargs: Any) -> Any:
            depth = len(self._fits)
            begins(signature, model, args, kwargs)
            try:
                return original(model, *args, **kwargs)
            finally:
                ends(depth)

        return fit

    def _evaluate_patch(self, original: Any) -> Any:
        begins, ends = self._guard(self._pass_begins), self._guard(self._pass_ends)
        signature = inspect.signature(original)

        def evaluate(model: Any, *args: Any, **kwargs: Any) -> Any:
            depth = len(self._passing)
            begins(signature, model, args, kwargs)
            try:
                return original(model, *args, **kwargs)
            finally:
                ends(depth)

        return evaluate

    def _train_on_batch_patch(self, original: Any) -> Any:
        begins, ends = self._guard(self._batch_begins), self._guard(self._batch_ends)
        over = self._guard(self._phase_over)
        signature = inspect.signature(original)

        def train_on_batch(model: Any, *args: Any, **kwargs: Any) -> Any:
            begins(signature, model, args, kwargs)
            try:
                told = original(model, *args, **kwargs)
                ends(model, told)
            finally:
                over()
            return told

        return train_on_batch

    def _test_on_batch_patch(self, original: Any) -> Any:
        begins, ends = self._guard(self._test_begins), self._guard(self._test_ends)
        over = self._guard(self._phase_over)
        signature = inspect.signature(original)

        def test_on_batch(model: Any, *args: Any, **kwargs: Any) -> Any:
            begins(model)
            try:
                told = original(model, *args, **kwargs)
                ends(signature, model, args, kwargs, told)
            finally:
                over()
            return told

        return test_on_batch

    def _apply_patch(self, original: Any) -> Any:
        traced = self._guard(self._traced)
        seen = self._around(self._applies, self._applied)(original)
        tracing = self._backend.tracing

        def apply(optimizer: Any, *args: Any, **kwargs: Any) -> Any:
            if not tracing():
                return seen(optimizer, *args, **kwargs)
            if self._backend.function is not None:  # what is traced is TensorFlow's
                traced(optimizer, *args, **kwargs)
            return original(optimizer, *args, **kwargs)

        return apply

    def _function_patch(self, original: Any) -> Any:
        begins, ends = self._guard(self._function_begins), self._guard(self._stepped)
        left = self._guard(self._functions.leave)

        def function(whole: Any, *args: Any, **kwargs: Any) -> Any:
            begins(whole)
            try:
                value = original(whole, *args, **kwargs)
                ends(whole, value)
            finally:
                left(whole)
            return value

        return function

    # -- fit -------------------------------------------------------------------------

    def _fit_begins(self, signature: Any, model: Any, args: Any, kwargs: Any) -> None:
        given = _given(signature, model, args, kwargs)
        fit = None
        if self._fit is None and self._mine(model):
            self._end_by_hand()
            self._known.fitted(given)
            self._steps.data(given)
            fit = self._fit = _Fit(model, given, self._backend)
        self._fits.append(fit)

    def join(self, model: Any) -> None:
        """A call of `fit` goes on already: the one that a callback hears of."""
        if self._fit is None and self._mine(model):
            self._steps.data(Given(x=None))
            self._fit = _Fit(model, Given(x=None), self._backend)
            self._fits.append(self._fit)

    def part(self) -> None:
        """The call of `fit` that was joined is about to end."""
        if self._fit is not None and self._fit.callbacks is not None:
            self._on_train_end(self._fit.callbacks)

    def _fit_ends(self, depth: int) -> None:
        for fit in self._fits[depth:]:
            if fit is not None and fit is self._fit:
                self._fit, self._phase = None, ""
                self._steps.close()
                self._steps.flush(whole=True)
        del self._fits[depth:]

    def _of_fit(self, callbacks: Any) -> _Fit | None:
        """The watched call of `fit` that this container of callbacks is of."""
        fit = self._fit
        if fit is not None and fit.callbacks is None and callbacks.model is fit.model:
            fit.callbacks = callbacks
            fit.by_batch = changed_by_batch(callbacks.callbacks)
        return fit if fit is not None and fit.callbacks is callbacks else None

    def _on_epoch_begin(self, callbacks: Any, epoch: int, logs: Any = None) -> None:
        if (fit := self._of_fit(callbacks)) is not None:
            fit.running.reset()
            fit.left = fit.given.trained_rows
            self._steps.resume()
            fit.first = True

    def _on_train_batch_begin(
        self, callbacks: Any, batch: int, logs: Any = None
    ) -> None:
        if (fit := self._of_fit(callbacks)) is not None:
            fit.begun, self._phase = batch, "train"
            self._steps.before(fit.model.optimizer, rate=fit.by_batch or fit.first)
            fit.first = False

    def _on_train_batch_end(self, callbacks: Any, batch: int, logs: Any = None) -> None:
        if (fit := self._of_fit(callbacks)) is None:
            return
        self._phase = ""
        batches = batch - fit.begun + 1
        if batches > 1:
            batches = fit.done(batches)
        rows = self._rows_of(fit, batches)
        if not fit.batches:
            fit.running.weigh(fit.model)
        fit.batches += batches
        told = (logs or {}).get("loss")
        mean = None if told is None else self._backend.fetch([told])[0]
        loss = None if mean is None else fit.running.part(mean, rows)
        each = None if rows is None else -(-rows // batches)
        self._steps.after(loss, batches=batches, rows=each)

    def _rows_of(self, fit: _Fit, batches: int) -> int | None:
        """How many rows the latest batches had, where that can be known."""
        if fit.left is None or fit.given.batch is None:
            return None
        rows = min(fit.left, batches * fit.given.batch)
        fit.left -= rows
        if fit.left <= 0:
            fit.left = fit.given.trained_rows
        return rows

    def _on_epoch_end(self, callbacks: Any, epoch: int, logs: Any = None) -> None:
        if (fit := self._of_fit(callbacks)) is not None:
            fit.ends[epoch] = self.step
            self._steps.epoch(epoch, _numbers(self._backend, logs))

    def _on_train_end(self, callbacks: Any, logs: Any = None) -> None:
        if (fit := self._of_fit(callbacks)) is None:
            return
        for callback in callbacks.callbacks:
            if isinstance(callback, keras.callbacks.EarlyStopping):
                restored = callback.restore_best_weights and callback.best_weights
                if restored and callback.best_epoch in fit.ends:
                    kept = fit.ends[callback.best_epoch]
                    self._steps.kept = kept if kept < self.step else None

    # -- evaluation ------------------------------------------------------------------

    def _pass_begins(self, signature: Any, model: Any, args: Any, kwargs: Any) -> None:
        of_fit = bool(kwargs.get("_use_cached_eval_dataset"))
        wanted = not self._passing and model is self._steps.model
        self._passing.append(wanted)
        if wanted:
            self._end_by_hand()
            criterion = self._steps.objective.criterion
            self._pass = Pass(criterion, self._backend)
            self._steps.flush(whole=True)
            given = _given(signature, model, args, kwargs)
            self._evaluated = (given, of_fit)
            self._phase = "test"

    def _on_test_end(self, callbacks: Any, logs: Any = None) -> None:
        if self._passing != [True] or self._pass is None:
            return
        given, of_fit = self._evaluated
        phase = "val" if of_fit else self._known.phase(given.x)
        # What `fit` validates with is told once more at the end of the epoch, by name.
        numbers = {} if of_fit else _numbers(self._backend, logs)
        self._pass.end(
            self.records,
            self._steps.names,
            self.step,
            phase=phase,
            logs=numbers,
            rows=given.rows,
        )

    def _pass_ends(self, depth: int) -> None:
        if self._passing[depth:] and self._passing[depth]:
            self._pass, self._phase = None, ""
            self._steps.resume()
        del self._passing[depth:]

    # -- batch by batch, by hand -----------------------------------------------------

    def _batch_begins(self, signature: Any, model: Any, args: Any, kwargs: Any) -> None:
        if self._fits:
            return
        self._phase = "another's"
        if self._mine(model):
            self._end_by_hand()
            self._phase = "train"
            given = _given(signature, model, args, kwargs)
            self._steps.before(model.optimizer, rate=True)
            self._steps.at_hand(given)

    def _batch_ends(self, model: Any, told: Any) -> None:
        if self._phase == "train" and model is self._steps.model:
            loss = _told(model, told).get("loss")
            self._phase = ""
            self._steps.after(loss, rows=self._steps.rows_at_hand)

    def _test_begins(self, model: Any) -> None:
        if model is self._steps.model and self.step and not self._fits:
            self._phase = "test"
            if self._by_hand is None:
                criterion = self._steps.objective.criterion
                self._by_hand = Pass(criterion, self._backend)
            self._pass = self._by_hand

    def _test_ends(
        self, signature: Any, model: Any, args: Any, kwargs: Any, told: Any
    ) -> None:
        if self._by_hand is not None and self._phase == "test":
            given = _given(signature, model, args, kwargs)
            self._by_hand.told(_told(model, told), given.rows or 1)

    def _phase_over(self) -> None:
        if not self._fits:
            self._phase, self._pass = "", None

    def _end_by_hand(self) -> None:
        """A pass of batches that were evaluated one by one is over."""
        by_hand, self._by_hand = self._by_hand, None
        if by_hand is not None:
            by_hand.end(
                self.records, self._steps.names, self.step, phase="val", logs=None
            )

    # -- functions of the user's own that step -----------------------------------------

    def _function_begins(self, function: Any) -> None:
        self._functions.enter(function)
        alone = self._functions.outermost and not self._fits and not self._phase
        known = self._functions.stepping(function) if alone else None
        if known is not None and self._mine(known[1]):
            self._phase = "function"
            self._steps.before(known[0], rate=True)
            self._applied_before = iterations(known[0], self._backend)

    def _stepped(self, function: Any, value: Any) -> None:
        if not self._functions.outermost or self._fits:
            return
        if self._phase not in ("", "function"):
            return
        known = self._functions.stepping(function)
        before, self._applied_before = self._applied_before, 0
        first = not self._phase
        self._phase = ""
        if known is None or not self._mine(known[1]):
            return
        if first:  # it was traced in this call
            self._steps.before(known[0], rate=True, late=True)
        batches = iterations(known[0], self._backend) - before if not first else 1
        if batches > 0:
            one = self._backend.number(value) and not len(value.shape)
            self._steps.after(value if one else None, batches=batches)

    # -- where steps are computed one by one -----------------------------------------

    def _made(self, _: Any, model: Any, *__: Any, **___: Any) -> None:
        self._loop.made(model)

    def _computed(
        self, value: Any, model: Any, x: Any = None, *_: Any, **__: Any
    ) -> None:
        mine = self._phase == "train" and model is self._steps.model
        if mine and self._backend.number(value):
            self._steps.computed(value, x)

    def _called(
        self, value: Any, loss: Any, y_true: Any, y_pred: Any, *_: Any, **__: Any
    ) -> None:
        if not self._backend.number(value):
            return
        if self._phase == "train":
            self._steps.called(loss, y_true, y_pred, value)
        elif self._phase == "test" and self._pass is not None:
            self._pass.called(y_true, y_pred)
        elif not self._fits and not self._phase and self._backend.recording():
            self._loop.called(loss, y_true, y_pred, value)

    def _applies(
        self, optimizer: Any, grads: Sequence[Any], trainable_variables: Any = None
    ) -> None:
        variables = list(trainable_variables or optimizer._trainable_variables)
        if not self._fits and not self._phase:
            self._loop_steps(optimizer, variables)
        if self._phase in ("train", "loop") and self._steps.looking:
            self._steps.gradients(list(grads), variables)

    def _traced(
        self, optimizer: Any, grads: Any, trainable_variables: Any = None
    ) -> None:
        """No tensor is looked at here: a graph is being made."""
        variables = list(trainable_variables or optimizer._trainable_variables)
        if not self._fits and not self._phase:
            model = self._loop.holder(variables)
            if model is not None:
                self._functions.traced(optimizer, model)

    def _loop_steps(self, optimizer: Any, variables: list[Any]) -> None:
        """A loop of the user's own is about to step."""
        model, call = self._loop.holder(variables), self._loop.take()
        if model is None or not self._mine(model):
            return
        self._phase = "loop"
        self._steps.before(optimizer, rate=True)
        if call is not None:
            self._steps.called(*call)
            if not self.step:
                self._steps.compiled(call[0])

    def _applied(self, *_: Any, **__: Any) -> None:
        if self._phase != "loop":
            return
        self._phase = ""
        rows = self._steps.rows_at_hand
        self._steps.after(None, rows=rows)
        if self._steps.looking:
            self._steps.listen()


def _home(kind: type, name: str) -> Any:
    """The class that an attribute is inherited from."""
    return next(c for c in kind.__mro__ if name in vars(c))


def _given(signature: Any, model: Any, args: Any, kwargs: Any) -> Given:
    try:
        named = signature.bind(model, *args, **kwargs).arguments
    except TypeError:  # Keras will say so
        return Given(x=None)
    fields = Given.__dataclass_fields__
    return Given(**{"x": None} | {k: v for k, v in named.items() if k in fields})


def _numbers(backend: Any, logs: Any) -> dict[str, float]:
    """Logs as plain numbers; what is none is left out."""
    found: dict[str, float] = {}
    for name, value in (logs or {}).items():
        if isinstance(value, dict):
            found |= _numbers(backend, value)
        else:
            try:
                found[name] = backend.fetch([value])[0]
            except (TypeError, ValueError):
                continue
    return found


def _told(model: Any, told: Any) -> dict[str, float]:
    """What `train_on_batch` returned, by name."""
    if isinstance(told, dict):
        return {k: float(v) for k, v in told.items() if isinstance(v, (int, float))}
    values = told if isinstance(told, (list, tuple)) else [told]
    names = [n for metric in model.metrics for n in _names(metric)]
    return {n: float(v) for n, v in zip(names, values, strict=False) if v is not None}


def _names(metric: Any) -> list[str]:
    inner = getattr(metric, "metrics", None)
    return [m.name for m in inner] if inner else [metric.name]
