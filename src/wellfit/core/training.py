"""What of a training a Change can edit, whatever framework it is written in."""

from collections.abc import Callable
from typing import Literal, Protocol

Activation = Literal["relu", "leaky-relu", "gelu"]
Scheme = Literal["he", "xavier", "orthogonal"]
Norm = Literal["batch", "layer"]
Gating = Literal["gru", "lstm"]
Penalty = Literal["decay", "l1", "elastic"]
Variation = Literal["noise", "flips", "shifts", "crops"]
Mixing = Literal["mixup", "cutmix"]
Given = Literal["probabilities", "scores", "broadcast"]
AverageKind = Literal["ema", "swa"]
OptimizerKind = Literal["adamw", "adam", "sgd-momentum", "rmsprop", "adagrad"]


class Training(Protocol):
    """A training by gradients, as a remedy meets it: made by a tap.

    Each edit holds from the next step on, for all that is trained. One that finds
    nothing that it could edit is said to be without effect, and why.
    """

    def cannot(self, why: str) -> None:
        """Say that the change is without effect, and why."""

    def scale_rates(self, factor: float) -> None:
        """Take every learning rate times a factor, whatever a schedule makes of it."""

    def shape_rates(self, factor: Callable[[int], float]) -> None:
        """The same by a factor that hangs on the step, counted from 0."""

    def clip_gradients(self, norm: float) -> None:
        """Before each step, shorten gradients whose global norm (L2) is larger."""

    def clear_gradients(self) -> None:
        """Forget the gradients after each step."""

    def add_momentum(self, share: float) -> None:
        """Have steps that have no momentum go on a share of the way of the last."""

    def decay_weights(self, rate: float) -> None:
        """At each step shrink the weights by that times the learning rate.

        Biases and the parameters of norms are no weights.
        """

    def swap_activations(self, to: Activation) -> None:
        """Put that in the place of the activations between layers that squash."""

    def reinitialize(self, scheme: Scheme) -> None:
        """Draw the first weights anew."""

    def normalize(self, kind: Norm) -> None:
        """Normalise what each layer gives, but the last."""

    def standardize_inputs(self) -> None:
        """Bring each input to mean 0 and standard deviation 1."""

    def shuffle_batches(self) -> None:
        """Draw the rows that are trained on in a random order."""

    def convert_outputs(self, given: Given) -> None:
        """Turn what the loss is given into what it is made for."""

    def switch_optimizer(self, to: OptimizerKind, rate: float) -> None:
        """Have another optimizer take the steps, at rates of which the most is that."""

    def find_rate(self, steps: int) -> None:
        """Raise the rate over the first steps, go back, and go on at a good one."""

    def average_weights(self, kind: AverageKind, decay: float, start: int) -> None:
        """Evaluate an average of the weights after each step from `start` on."""

    def stop_early(self, patience: int) -> None:
        """Go back to what validated best, after so many evaluations without better."""

    def train_longer(self, factor: float) -> None:
        """Have each epoch be so many times as long."""

    def resize_batches(self, factor: float) -> None:
        """Have so many times as many rows in each batch that is trained on."""

    def accumulate_gradients(self, batches: int) -> None:
        """Take one step of the mean gradient of several."""

    def relax_penalties(self, factor: float) -> None:
        """Take decay, dropout and smoothing times a factor, and clip that much less."""

    def unfreeze(self) -> None:
        """Train all parameters of what is trained."""

    def fix_modes(self) -> None:
        """Have models in the mode of what is done with them."""

    def steady_norms(self, momentum: float) -> None:
        """Let a batch count no more than that in the running statistics of norms."""

    def ease_rates(self, steps: int) -> None:
        """Take rates times a tenth after so many steps that validate no better."""

    def roll_back(self, most: int) -> None:
        """Go back to the last good state where the training breaks, at most so often.

        A training that does not is left as it is.
        """

    def weight_classes(self, power: float) -> None:
        """Weigh errors by how rare their class is, to that power, in training."""

    def focus_loss(self, gamma: float) -> None:
        """Weigh errors by how far off they are, to that power, in training."""

    def smooth_labels(self, amount: float) -> None:
        """Take that share of certainty off the targets of training."""

    def add_dropout(self, share: float) -> None:
        """Set that share of what passes between layers to zero, in training."""

    def add_skips(self) -> None:
        """Add the input of each block to its output, where shapes are the same."""

    def augment_inputs(self, kind: Variation, amount: float) -> None:
        """Vary the rows that are trained on."""

    def mix_inputs(self, kind: Mixing, alpha: float) -> None:
        """Mix the rows of a batch that is trained on, and their targets."""

    def impute_missing(self) -> None:
        """Fill what of the inputs is no number."""

    def clip_outliers(self, share: float) -> None:
        """Limit each input to its values in training, but for that share at an end."""

    def oversample_minority(self, ratio: float) -> None:
        """Draw rows of rare classes oftener: as if of so many times the commonest's."""

    def undersample_majority(self, ratio: float) -> None:
        """Draw of each class at most so many times the rows of the rarest."""

    def mix_precision(self) -> None:
        """Compute training passes in 16 bits, where that is faster."""

    def add_workers(self, workers: int) -> None:
        """Load the batches of a training in so many processes."""

    def gate_recurrence(self, kind: Gating) -> None:
        """Put gated layers in the place of plain recurrent ones."""

    def prune_weights(self, share: float, begin: int) -> None:
        """Hold that share of the weights, the smallest, at 0 after so many steps."""

    def checkpoint_activations(self) -> None:
        """Compute activations again on the way back, rather than keep them."""

    def sparsify_weights(self, rate: float) -> None:
        """At each step take that times the learning rate off the size of weights."""
