"""What remedies ask a training in PyTorch for: each edit, and where it is at work."""

from collections.abc import Callable
from functools import partial

import torch
from torch.utils.data import DataLoader

from wellfit.core.training import (
    Activation,
    AverageKind,
    Given,
    Norm,
    OptimizerKind,
    Scheme,
)
from wellfit.taps.patches import Patches
from wellfit.taps.tap import Records
from wellfit.taps.torch.edits import models, regularizers
from wellfit.taps.torch.edits.averages import Averages
from wellfit.taps.torch.edits.batches import Accumulated, Resized, shuffling
from wellfit.taps.torch.edits.durations import SCHEDULES, Early, Longer
from wellfit.taps.torch.edits.frozen import Thawed
from wellfit.taps.torch.edits.heard import listen
from wellfit.taps.torch.edits.lent import Lent
from wellfit.taps.torch.edits.losses import CONVERSIONS, converting
from wellfit.taps.torch.edits.modes import Modes
from wellfit.taps.torch.edits.optimizers import Switch, unfused
from wellfit.taps.torch.edits.rates import Plateaus, RateSearch
from wellfit.taps.torch.edits.steps import StepEdits

Optimizer = torch.optim.Optimizer


class Edits:
    """Collects the edits of a plan, and takes them through each step.

    `applying` is the change whose edits are being asked for. `lacks` has what a change
    without effect did not find, and whether it did; `found` the numbers that changes
    have found out by themselves.
    """

    def __init__(self, records: Records, say: Callable[[], None]) -> None:
        self.applying = ""
        self.lacks: dict[str, tuple[Callable[[], str], Callable[[], bool]]] = {}
        self.late: set[str] = set()  # changes of which that is known at the end only
        self.found: dict[str, dict[str, float]] = {}
        self._records, self._say = records, say
        self._steps, self._models = StepEdits(), models.ModelEdits()
        self._patches, self._lent = Patches(), Lent()
        self._places: dict[str, int] = {}  # edited, by change
        self._switch: Switch | None = None
        self._joins: list[Callable[[Optimizer], None]] = []  # before any other edit
        # Whether a step whose gradients are there is not to be taken, the first that
        # says so; and what is to be done after one that was taken.
        self._holds: list[Callable[[Optimizer], bool]] = []
        self._taken: list[Callable[[Optimizer], None]] = []
        self._held = False
        self._closing: list[Callable[[], None]] = []

    def cannot(self, why: str) -> None:
        """The change is without effect."""
        self._lack(why)

    def scale_rates(self, factor: float) -> None:
        """Take every learning rate times a factor."""
        self.shape_rates(lambda _: factor)

    def shape_rates(self, factor: Callable[[int], float]) -> None:
        """The same by a factor that hangs on the step."""
        self._steps.shapes.append(factor)
        self._lack("no optimizer has a learning rate", lambda: self._steps.rated)

    def clip_gradients(self, norm: float) -> None:
        """Before each step, shorten gradients whose global norm is larger."""
        known = self._steps.norm
        self._steps.norm = norm if known is None else min(norm, known)

    def clear_gradients(self) -> None:
        """Forget the gradients after each step."""
        self._steps.clears = True

    def add_momentum(self, share: float) -> None:
        """Give steps a momentum that have none."""
        self._steps.momentum = share
        why = "no optimizer is without a momentum that it could have"
        self._lack(why, lambda: self._steps.gained)

    def decay_weights(self, rate: float) -> None:
        """Shrink the weights at each step."""
        self._steps.decay += rate

    def swap_activations(self, to: Activation) -> None:
        """Put that in the place of activations between layers."""
        self._model(partial(models.swap_activations, to=to))
        self._lack("no module between layers is an activation that it could replace")

    def reinitialize(self, scheme: Scheme) -> None:
        """Draw the first weights anew."""
        self._model(partial(models.reinitialize, scheme=scheme))
        self._lack("no layer of a known kind is trained")

    def normalize(self, kind: Norm) -> None:
        """Normalise what each layer gives, but the last."""
        self._model(partial(models.normalize, kind=kind))
        self._lack("there are norms already, or no two layers of a known kind")

    def standardize_inputs(self) -> None:
        """Bring each input to mean 0 and standard deviation 1."""
        self._model(models.standardize_inputs)
        self._lack("no model is called")

    def shuffle_batches(self) -> None:
        """Draw the rows that are trained on in a random order."""
        told = partial(self._tell, self.applying, 1)
        self._patches.replace(DataLoader, "__iter__", lambda o: shuffling(o, told))
        self._lack("no DataLoader gives rows in a fixed order to a training")

    def convert_outputs(self, given: Given) -> None:
        """Turn what a loss is given into what it is made for."""
        told = partial(self._tell, self.applying, 1)
        for name, convert in CONVERSIONS[given].items():
            make = partial(converting, convert=convert, tell=told)
            self._patches.replace(torch.nn.functional, name, make)
        self._lack(f"no loss is called that takes no {given}")

    def switch_optimizer(self, to: OptimizerKind, rate: float) -> None:
        """Have another optimizer take the steps."""
        switch = self._switch = Switch(to, rate, self._lent)
        self._steps.scales.append(switch.scale)
        self._whole_gradients()
        self._lack(
            f"every optimizer is {to} already, or has no learning rate",
            lambda: switch.switched,
        )

    def find_rate(self, steps: int) -> None:
        """Raise the rate over the first steps, go back, and go on at a good one."""
        search = RateSearch(steps, partial(self._find, self.applying, "rate"))
        self._patches.replace(torch.Tensor, "backward", search.noting)
        self._patches.replace(torch.amp.GradScaler, "scale", search.scaling)
        self._model(search.meet)
        self._steps.sought = search.sought
        self._steps.scales.insert(0, search.scale)  # before that of another optimizer
        self._holds.append(search.holds)
        self._whole_gradients()
        self._lack(lambda: search.why, lambda: search.rate is not None, late=True)

    def average_weights(self, kind: AverageKind, decay: float, start: int) -> None:
        """Evaluate an average of the weights after each step from `start` on."""
        averages = Averages(kind, decay, start)
        self._model(averages.meet)
        self._holds.append(averages.holds)
        self._taken.append(averages.taken)
        self._closing.append(averages.close)
        why = "no model is called, or it is over before the average begins"
        self._lack(why, lambda: averages.used, late=True)

    def stop_early(self, patience: int) -> None:
        """Go back to what validated best, after so many evaluations without better."""
        early = Early(patience)
        self._model(early.meet)
        self._holds.append(early.holds)
        self._closing += [early.close, listen(self._records, early.hear)]
        self._lack(lambda: early.why, lambda: early.stopped, late=True)

    def train_longer(self, factor: float) -> None:
        """Have each epoch be several."""
        longer = Longer(factor, partial(self._tell, self.applying, 1))
        self._patches.replace(DataLoader, "__iter__", longer.repeating)
        for kind in SCHEDULES:
            self._patches.replace(kind, "step", longer.stretching)
        self._taken.append(longer.taken)
        self._lack("no DataLoader is trained on to its end", late=True)

    def resize_batches(self, factor: float) -> None:
        """Have so many times as many rows in each batch that is trained on."""
        resized = Resized(factor, partial(self._tell, self.applying, 1))
        self._patches.replace(DataLoader, "__init__", resized.making)
        self._patches.replace(DataLoader, "__iter__", resized.iterating)
        self._model(resized.meet)
        self._lack(
            "no DataLoader that forms batches itself is trained on, or its data are "
            "one batch: a script that cuts them by hand is to be edited by hand"
        )

    def accumulate_gradients(self, batches: int) -> None:
        """Take one step of the mean gradient of several."""
        self._holds.append(Accumulated(batches, self._lent).holds)
        self._whole_gradients()

    def relax_penalties(self, factor: float) -> None:
        """Take decay, dropout and smoothing times a factor, and clip that much less."""
        change, steps = self.applying, self._steps
        steps.relaxed *= factor
        self._model(partial(regularizers.relax_dropout, factor=factor))
        tell = partial(self._tell, change, 1)
        make = partial(regularizers.sharpening, factor=factor, tell=tell)
        self._patches.replace(torch.nn.functional, "cross_entropy", make)
        loosen = partial(regularizers.loosening, factor=factor, tell=tell)
        for owner in (torch.nn.utils, torch.nn.utils.clip_grad):
            for name in ("clip_grad_norm_", "clip_grad_value_"):
                self._patches.replace(owner, name, loosen)
        self._lack(
            "no optimizer decays weights, no module drops anything, no cross-entropy "
            "smooths labels, no gradient is clipped",
            lambda: steps.decayed or self._places.get(change, 0) > 0,
        )

    def unfreeze(self) -> None:
        """Train all parameters of what is trained."""
        thawed = Thawed()
        owner = torch.optim.Optimizer
        self._patches.replace(owner, "add_param_group", thawed.adding)
        self._model(thawed.meet)
        self._joins.append(thawed.join)
        self._lack("all parameters of the models are trained", lambda: thawed.found)

    def fix_modes(self) -> None:
        """Have models in the mode of what is done with them."""
        modes = Modes()
        self._model(modes.meet)
        self._taken.append(modes.taken)
        self._closing.append(modes.close)
        why = "every model is in the mode of what is done with it"
        self._lack(why, lambda: modes.fixed, late=True)

    def steady_norms(self, momentum: float) -> None:
        """Let a batch count no more than that in the running statistics of norms."""
        self._model(partial(regularizers.steady, momentum=momentum))
        self._lack("no batch norm keeps statistics that a batch counts more in")

    def ease_rates(self, steps: int) -> None:
        """Take rates times a tenth after so many steps that validate no better."""
        plateaus = Plateaus(steps)
        self._steps.shapes.append(plateaus.shape)
        self._taken.append(plateaus.taken)
        self._closing.append(listen(self._records, plateaus.hear))
        self._lack(
            lambda: plateaus.why,
            lambda: self._steps.rated and plateaus.factor < 1,
            late=True,
        )

    def _whole_gradients(self) -> None:
        """Whoever steps, gradients have been scaled back by then."""
        self._patches.replace(torch.amp.GradScaler, "step", unfused)

    def _model(self, edit: models.Edit) -> None:
        self._models.add(edit, partial(self._tell, self.applying))

    def _lack(
        self,
        why: str | Callable[[], str],
        found: Callable[[], bool] | None = None,
        *,
        late: bool = False,
    ) -> None:
        """Why the change will have had no effect, unless a place was `found` for it.

        Where it may come `late`, that is not said before the end.
        """
        change = self.applying
        if late:
            self.late.add(change)
        said = why if callable(why) else lambda: why
        self.lacks[change] = said, found or (lambda: self._places.get(change, 0) > 0)

    def _tell(self, change: str, places: int) -> None:
        self._places[change] = self._places.get(change, 0) + places

    def _find(self, change: str, name: str, number: float) -> None:
        """A change has found out a number that it takes."""
        self.found.setdefault(change, {})[name] = number
        self._say()

    # -- in the course of a training ---------------------------------------------------

    def begin(self) -> None:
        """All has been asked for."""
        self._models.listen()

    def close(self) -> None:
        """Edit no more."""
        self._models.close()
        self._lent.close()
        self._patches.restore()
        while self._closing:
            self._closing.pop()()

    def before(self, optimizer: Optimizer) -> None:
        """A step comes, whose gradients may not be there yet."""
        self._lent.put_back()  # of a step that failed
        self._models.join(optimizer)
        for join in self._joins:
            join(optimizer)
        self._steps.before(optimizer)

    def ready(self, optimizer: Optimizer) -> None:
        """The gradients of the step are there."""
        self._held = any(hold(optimizer) for hold in self._holds)
        if self._held:
            self._lent.give(optimizer)
            return
        self._steps.ready(optimizer)
        if self._switch is not None:
            self._switch.step(optimizer)

    def after(self, optimizer: Optimizer) -> None:
        """The step is done."""
        self._steps.after(optimizer)
        if not self._held:
            for taken in self._taken:
                taken(optimizer)

    def put_back(self) -> None:
        """The script's own settings of the step that goes on."""
        self._steps.put_back()
