"""Losses that PyTorch does not have, as criteria: outputs and targets to a mean."""

import math

import torch  # noqa: TID253
from torch import Tensor, nn  # noqa: TID253


class FocalLoss(nn.Module):
    """Cross-entropy that counts a row less, the more probable its class is already.

    Each row's is multiplied by (1 - p) to the `gamma`: Lin et al. (2017), Focal loss
    for dense object detection, equation 4. Of `gamma` 0 it is cross-entropy.

    >>> outputs, targets = torch.tensor([[0.0, 0.0]]), torch.tensor([1])
    >>> round(float(FocalLoss(gamma=1.0)(outputs, targets)), 4)  # 0.5 ln 2
    0.3466
    """

    weight: Tensor | None

    def __init__(self, gamma: float = 2.0, weight: Tensor | None = None) -> None:
        super().__init__()
        self.gamma = gamma
        self.register_buffer("weight", weight)

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over the rows, of which each counts by the weight of its class."""
        own = outputs.log_softmax(dim=1).gather(1, targets[:, None]).squeeze(1)
        each = -((1 - own.exp()) ** self.gamma) * own
        if self.weight is None:
            return each.mean()
        weights = self.weight[targets]
        return (weights * each).sum() / weights.sum()


class LogCoshLoss(nn.Module):
    """The logarithm of the error's cosh: squares where it is small, sizes where not.

    >>> round(float(LogCoshLoss()(torch.tensor([100.0]), torch.tensor([0.0]))), 4)
    99.3069
    """

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over the rows, by a form that does not overflow."""
        size = (outputs - targets).abs()
        return (size + nn.functional.softplus(-2 * size) - math.log(2)).mean()


class ExponentialLoss(nn.Module):
    """AdaBoost's: e to the minus of how far the right class stands above the others.

    Zhu et al. (2009), Multi-class AdaBoost, equation 4, for any outputs.

    >>> float(ExponentialLoss()(torch.zeros(1, 3), torch.tensor([2])))
    1.0
    """

    def forward(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """The mean over the rows."""
        classes = outputs.shape[1]
        own = outputs.gather(1, targets[:, None]).squeeze(1)
        others = (outputs.sum(dim=1) - own) / (classes - 1)
        return torch.exp((others - own) / classes).mean()
