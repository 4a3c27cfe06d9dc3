"""What remedies ask a training in PyTorch for: each edit, and where it is at work."""

from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch.utils.data import DataLoader

from wellfit.core.training import (
    Activation,
    AverageKind,
    Gating,
    Given,
    Mixing,
    Norm,
    OptimizerKind,
    Scheme,
    Variation,
)
from wellfit.taps.patches import Patches
from wellfit.taps.tap import Records
from wellfit.taps.torch.edits import (
    inputs,
    models,
    objectives,
    regularizers,
    samplers,
)
from wellfit.taps.torch.edits.augmentations import Varied
from wellfit.taps.torch.edits.averages import Averages
from wellfit.taps.torch.edits.batches import Accumulated, Resized, shuffling
from wellfit.taps.torch.edits.checkpoints import checkpoint_activations
from wellfit.taps.torch.edits.dropouts import add_dropout
from wellfit.taps.torch.edits.durations import SCHEDULES, Early, Longer
from wellfit.taps.torch.edits.frozen import Thawed
from wellfit.taps.torch.edits.heard import listen
from wellfit.taps.torch.edits.lent import Lent
from wellfit.taps.torch.edits.losses import CONVERSIONS, converting
from wellfit.taps.torch.edits.mixtures import Mixture
from wellfit.taps.torch.edits.modes import Modes
from wellfit.taps.torch.edits.optimizers import Switch, unfused
from wellfit.taps.torch.edits.precision import mix_precision
from wellfit.taps.torch.edits.pruning import Pruning
from wellfit.taps.torch.edits.rates import Plateaus, RateSearch
from wellfit.taps.torch.edits.recurrence import gate_recurrence
from wellfit.taps.torch.edits.skips import add_skips
from wellfit.taps.torch.edits.steps import StepEdits
from wellfit.taps.torch.edits.workers import loading
from wellfit.taps.torch.healing.healing import Healing

Optimizer = torch.optim.Optimizer
NAMED = " that PyTorch has"  # as cross-entropy, and none that is computed by hand


class Edits:
    """Collects the edits of a plan, and takes them through each step.

    `applying` is the change whose edits are being asked for. `lacks` has what a change
    without effect did not find, and whether it did; `found` the numbers that changes
    have found out by themselves. `heal` makes what goes back at most so often.
    """

    def __init__(
        self,
        records: Records,
        say: Callable[[], None],
        *,
        heal: Callable[..., Healing],
    ) -> None:
        self.applying = ""
        self.lacks: dict[str, tuple[Callable[[], str], Callable[[], bool]]] = {}
        self.late: set[str] = set()  # changes of which that is known at the end only
        self.found: dict[str, dict[str, float]] = {}
        self._records, self._say, self._heal = records, say, heal
        self._healing: Healing | None = None
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
        self._mixes = False
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

    def weight_classes(self, power: float) -> None:
        """Weigh errors by how rare their class is, in training."""
        self._objective(objectives.WEIGHTED, objectives.Weights(power))
        self._lack(f"no loss of classes is trained by{NAMED}, or it is weighted")

    def focus_loss(self, gamma: float) -> None:
        """Weigh errors by how far off they are, in training."""
        self._objective(objectives.WEIGHTED, partial(objectives.focused, gamma=gamma))
        self._lack(f"no loss of classes is trained by{NAMED}")

    def smooth_labels(self, amount: float) -> None:
        """Take that share of certainty off the targets of training."""
        self._objective(
            objectives.WEIGHTED, partial(objectives.smoothed, amount=amount)
        )
        self._lack(f"no loss of classes is trained by{NAMED}, or its labels are smooth")

    def add_dropout(self, share: float) -> None:
        """Set that share of what passes between layers to zero, in training."""
        self._model(partial(add_dropout, share=share))
        self._lack("there is dropout already, or no two layers of a known kind")

    def add_skips(self) -> None:
        """Add the input of each block to its output."""
        self._model(add_skips)
        self._lack("no layer in a Sequential or ModuleList keeps the shape")

    def augment_inputs(self, kind: Variation, amount: float) -> None:
        """Vary the rows that are trained on."""
        why = "no model is called with numbers first"
        if kind != "noise":
            why = "no model is called with a batch of images first"
        self._door(partial(Varied, kind, amount), why)

    def mix_inputs(self, kind: Mixing, alpha: float) -> None:
        """Mix the rows of a batch that is trained on, and their targets."""
        if self._mixes:
            self._lack("another change of the plan mixes the inputs", lambda: False)
            return
        self._mixes = True
        mixture = Mixture(kind, alpha)
        of = "numbers" if kind == "mixup" else "images"
        why = f"no batch of {of} comes through a model to a loss{NAMED}, row for row"
        self._door(lambda: mixture, why)
        self._objective(objectives.MIXED, mixture.loss)

    def impute_missing(self) -> None:
        """Fill what of the inputs is no number."""
        self._door(inputs.Filled, "no model is called with numbers first")

    def clip_outliers(self, share: float) -> None:
        """Limit each input to its values in training, but for that share at an end."""
        make = partial(inputs.Limited, share)
        self._door(make, "no model is called with numbers first")

    def oversample_minority(self, ratio: float) -> None:
        """Draw rows of rare classes oftener."""
        self._sample(partial(samplers.Oversampled, ratio=ratio))

    def undersample_majority(self, ratio: float) -> None:
        """Draw fewer rows of common classes."""
        self._sample(partial(samplers.Undersampled, ratio=ratio))

    def _sample(self, make: samplers.Make) -> None:
        told = partial(self._tell, self.applying, 1)
        balance = partial(samplers.balancing, make=make, tell=told)
        self._patches.replace(DataLoader, "__iter__", balance)
        self._lack(
            "no DataLoader draws rows at random for a training, of which the classes "
            "can be read"
        )

    def mix_precision(self) -> None:
        """Compute training passes in 16 bits, where that is faster."""
        self._model(mix_precision)
        self._lack("the largest layer is not faster in 16 bits here")

    def add_workers(self, workers: int) -> None:
        """Load the batches of a training in so many processes."""
        told = partial(self._tell, self.applying, 1)
        load = partial(loading, workers=workers, tell=told)
        self._patches.replace(DataLoader, "__iter__", load)
        self._lack("no DataLoader loads a training's batches in the script's process")

    def gate_recurrence(self, kind: Gating) -> None:
        """Put gated layers in the place of plain recurrent ones."""
        self._model(partial(gate_recurrence, kind=kind))
        self._lack("no module within a model is a plain recurrent layer")

    def prune_weights(self, share: float, begin: int) -> None:
        """Hold the smallest weights at 0 after so many steps."""
        pruning = Pruning(share=share, begin=begin)
        self._taken.append(pruning.after)
        self._lack("no matrix of weights is trained", lambda: pruning.pruned)

    def checkpoint_activations(self) -> None:
        """Compute activations again on the way back."""
        self._model(checkpoint_activations)
        self._lack("no Sequential or ModuleList is long enough")

    def sparsify_weights(self, rate: float) -> None:
        """Take that times the learning rate off the size of weights."""
        self._steps.sparse += rate

    def _door(self, make: Callable[[], inputs.Door], why: str) -> None:
        """Change what enters each model."""
        edit, made = inputs.doors(make)
        self._model(edit)
        self._lack(why, lambda: any(door.used for door in made))

    def _objective(self, losses: Iterable[str], edit: objectives.Edit) -> None:
        """Edit losses where they are trained by."""
        told = partial(self._tell, self.applying, 1)
        for name in losses:
            make = partial(objectives.trained_by, name=name, edit=edit, tell=told)
            self._patches.replace(torch.nn.functional, name, make)

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

    def roll_back(self, most: int) -> None:
        """Go back to the last good state where the training breaks."""
        if self._healing is None:
            healing = self._healing = self._heal(most=most)
            healing.attach()
            self._steps.bound = healing.care.rate
            self._holds.insert(0, healing.holds)  # before any that has counted it
            self._closing.append(healing.detach)
        known = self._healing
        known.most = max(known.most, most)
        why = "several processes train together, of which each would decide for itself"
        self._lack(why, lambda: known.alone)

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
