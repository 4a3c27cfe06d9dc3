"""Random changes of images: bytes in and out, rows by height, width and channels.

Every random number is of the row's own stream, so that a row is changed alike in
whatever batch it stands.
"""

import math
from collections.abc import Callable

import torch  # noqa: TID253
from torch import Tensor  # noqa: TID253

from wellfit.core.choices import Chance, ColorJitter, Crop, Noise, Rotate
from wellfit.data.decode import moments
from wellfit.trainer.randomness import Draws

Step = Callable[[Tensor, Draws], Tensor]
# Zhong et al. (2020), Random erasing, section 4.2: shares of the area, and aspects.
AREAS = (0.02, 0.4)
LONGEST = 1 / 0.3
GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601
# Turns of the colours about the axis of the greys: YIQ, as of NTSC.
YIQ = torch.tensor(
    [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]
)


def flip(how: Chance) -> Step:
    """Left is right, of so many."""

    def step(x: Tensor, draws: Draws) -> Tensor:
        chosen = draws.uniform() < how.chance
        return torch.where(_wide(chosen), x.flip(2), x)

    return step


def crop(how: Crop) -> Step:
    """Moved by up to `padding` pixels either way; what comes in is mirrored."""

    def step(x: Tensor, draws: Draws) -> Tensor:
        height, width = x.shape[1:3]
        down, right = _between(draws, how.padding), _between(draws, how.padding)
        rows = torch.arange(len(x))[:, None, None]
        ys = _mirrored(torch.arange(height) + down[:, None], height)[:, :, None]
        xs = _mirrored(torch.arange(width) + right[:, None], width)[:, None, :]
        return x[rows, ys, xs]

    return step


def _between(draws: Draws, most: int) -> Tensor:
    """A whole number a row, from -most to most."""
    return (draws.uniform() * (2 * most + 1)).long() - most


def _mirrored(places: Tensor, size: int) -> Tensor:
    """Places beyond an edge, reflected at it as often as it takes."""
    period = max(1, 2 * (size - 1))
    inside = places.remainder(period)
    return torch.minimum(inside, period - inside)


def rotate(how: Rotate) -> Step:
    """Turned by up to so many degrees; what comes in is mirrored."""

    def step(x: Tensor, draws: Draws) -> Tensor:
        angle = (2 * draws.uniform().double() - 1) * math.radians(how.degrees)
        cos, sin, zero = angle.cos(), angle.sin(), torch.zeros_like(angle)
        turn = torch.stack([cos, -sin, zero, sin, cos, zero], dim=1).view(-1, 2, 3)
        planes = x.permute(0, 3, 1, 2).float()
        grid = torch.nn.functional.affine_grid(
            turn.float(), list(planes.shape), align_corners=False
        )
        turned = torch.nn.functional.grid_sample(
            planes, grid, padding_mode="reflection", align_corners=False
        )
        return _bytes(turned).permute(0, 2, 3, 1)

    return step


def erase(how: Chance, fill: Tensor) -> Step:
    """A rectangle of so many is painted over with the mean of the training images."""
    colour = _bytes(fill)

    def step(x: Tensor, draws: Draws) -> Tensor:
        chosen = draws.uniform() < how.chance
        least, most = AREAS
        area = least + (most - least) * draws.uniform().double()
        aspect = torch.exp((2 * draws.uniform().double() - 1) * math.log(LONGEST))
        size = (area * aspect).sqrt(), (area / aspect).sqrt()
        inside = rectangle(x, draws, *size, within=True)
        return torch.where((inside & chosen[:, None, None])[..., None], colour, x)

    return step


def rectangle(
    x: Tensor, draws: Draws, height: Tensor, width: Tensor, *, within: bool
) -> Tensor:
    """Which pixels are in a rectangle at random, of these shares of the sides.

    It lies `within` the image, or its middle does.
    """
    rows = _stretch(x.shape[1], height, draws, within=within)
    columns = _stretch(x.shape[2], width, draws, within=within)
    return rows[:, :, None] & columns[:, None, :]


def _stretch(size: int, share: Tensor, draws: Draws, *, within: bool) -> Tensor:
    """Of each row which places of a side are in a stretch at random."""
    long = (share * size).round().clamp(0, size).long()
    drawn = draws.uniform().double()
    if within:
        start = (drawn * (size - long + 1)).long()
    else:
        start = (drawn * size).long() - long // 2
    places = torch.arange(size)
    return (places >= start[:, None]) & (places < (start + long)[:, None])


def color_jitter(how: ColorJitter) -> Step:
    """Brightness, contrast, saturation and hue changed by up to these shares.

    Of grey images, brightness and contrast.
    """

    def step(x: Tensor, draws: Draws) -> Tensor:
        found = x.float() * _factor(draws, how.brightness)
        middle = _grey(found).mean(dim=(1, 2), keepdim=True)
        found = middle + (found - middle) * _factor(draws, how.contrast)
        saturation, turn = _factor(draws, how.saturation), draws.uniform()
        if x.shape[3] == 3:
            grey = _grey(found)
            found = grey + (found - grey) * saturation
            if how.hue:
                found = _turned(found, (2 * turn - 1) * (how.hue * 2 * math.pi))
        return _bytes(found)

    return step


def _factor(draws: Draws, share: float) -> Tensor:
    return _wide(1 + (2 * draws.uniform() - 1) * share)


def _grey(x: Tensor) -> Tensor:
    if x.shape[3] == 1:
        return x
    # a sum over the last dimension of 3 would take six times as long
    red, green, blue = (x[..., c : c + 1] * GREY[c] for c in range(3))
    return red + green + blue


def _turned(x: Tensor, angle: Tensor) -> Tensor:
    """Colours turned about the axis of the greys."""
    cos, sin = angle.cos(), angle.sin()
    turn = torch.zeros(len(x), 3, 3)
    turn[:, 0, 0] = 1.0
    turn[:, 1, 1], turn[:, 1, 2], turn[:, 2, 1], turn[:, 2, 2] = cos, -sin, sin, cos
    matrix = YIQ.inverse() @ turn @ YIQ
    return torch.einsum("nij,nhwj->nhwi", matrix, x)


def noise(how: Noise, spread: Tensor) -> Step:
    """Normal noise, in deviations of the training inputs; of bytes it stays one."""

    def step(x: Tensor, draws: Draws) -> Tensor:
        noisy = x + how.deviation * spread * draws.normal(*x.shape[1:])
        return _bytes(noisy) if x.dtype == torch.uint8 else noisy

    return step


def _bytes(x: Tensor) -> Tensor:
    return x.round().clamp(0, 255).to(torch.uint8)


def _wide(x: Tensor) -> Tensor:
    """One number a row, to be used on all of its pixels."""
    return x[:, None, None, None]


def statistics(x: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each channel, or of each column."""
    if x.dtype != torch.uint8:
        return x.mean(dim=0), x.std(dim=0, correction=0)
    mean, spread = (torch.from_numpy(found).float() for found in moments(x.numpy()))
    return mean, spread
