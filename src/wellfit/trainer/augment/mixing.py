"""Two rows become one, and so do their targets: mixup and CutMix."""

from collections.abc import Callable

import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from wellfit.core.choices import Mixing
from wellfit.trainer.augment.pictures import rectangle
from wellfit.trainer.randomness import Draws

Pair = tuple[Tensor, Tensor]  # inputs and targets
Mix = Callable[[Pair, Pair, Draws], Pair]


def mixup(how: Mixing) -> Mix:
    """A weighted mean of both: Zhang et al. (2018), equation 2."""

    def mix(own: Pair, other: Pair, draws: Draws) -> Pair:
        share = _beta(draws, how.alpha)
        x, y = own[0], own[1]
        wide = share.view(-1, *(1 for _ in x.shape[1:]))
        mixed = x.float() * wide + other[0].float() * (1 - wide)
        return _like(mixed, x), _weighted(y, other[1], share)

    return mix


def cutmix(how: Mixing) -> Mix:
    """A rectangle is of the other: Yun et al. (2019), section 3.2."""

    def mix(own: Pair, other: Pair, draws: Draws) -> Pair:
        side = (1 - _beta(draws, how.alpha).double()).sqrt()
        inside = rectangle(own[0], draws, side, side, within=False)
        share = 1 - inside.float().mean(dim=(1, 2))
        x = torch.where(inside[..., None], other[0], own[0])
        return x, _weighted(own[1], other[1], share)

    return mix


def _beta(draws: Draws, alpha: float) -> Tensor:
    """A number a row, of the Beta distribution with both parameters alike."""
    from scipy.special import betaincinv

    drawn = draws.uniform().double().numpy()
    return torch.from_numpy(betaincinv(alpha, alpha, drawn)).float()


def _weighted(own: Tensor, other: Tensor, share: Tensor) -> Tensor:
    wide = share.view(-1, *(1 for _ in own.shape[1:]))
    return own * wide + other * (1 - wide)


def _like(mixed: Tensor, x: Tensor) -> Tensor:
    return mixed.round().to(torch.uint8) if x.dtype == torch.uint8 else mixed
