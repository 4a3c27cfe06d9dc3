"""gate-recurrence"""

from dataclasses import dataclass
from typing import ClassVar

from wellfit.core.finding import Finding
from wellfit.core.run import Run
from wellfit.core.training import Gating, Training
from wellfit.remedies.remedy import Remedy


@dataclass(frozen=True, kw_only=True, slots=True)
class GateRecurrence(Remedy):
    """Put an LSTM or a GRU in the place of a plain recurrent layer.

    ## What it does
    Each `nn.RNN` within the model is replaced by a `gru` or an `lstm` of the same
    sizes, called and answering as it did: an LSTM's cells begin at 0, and stay its own.
    An `nn.RNNCell` becomes a `GRUCell`. The weights are drawn anew, by a generator of
    its own, and trained by the script's optimizer.

    ## What it costs
    Three times the weights of the layer, or four times, and of its time.

    ## When it cannot be applied
    Where there is no plain recurrent layer, or it is the whole model.

    ## References
    Hochreiter and Schmidhuber (1997), Long short-term memory; Cho et al. (2014),
    Learning phrase representations using RNN encoder-decoder.
    """

    touches: ClassVar = ("model",)

    kind: Gating = "gru"

    @classmethod
    def proposals(cls, run: Run, finding: Finding) -> tuple[Remedy, ...]:
        """Both, where there is a plain recurrent layer or that is not known."""
        layers = (run.facts.get("model") or {}).get("layers")
        kinds = {layer.get("kind") for layer in layers or ()}
        if layers and not kinds & {"RNN", "RNNCell"}:
            return ()
        return cls(kind="gru"), cls(kind="lstm")

    def apply(self, training: Training) -> None:
        """Have them replaced."""
        training.gate_recurrence(self.kind)
