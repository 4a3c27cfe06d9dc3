"""Each augmentation of one image, slowly, in NumPy: what the fast ones are held to."""

import math

import numpy as np
from scipy.stats import beta

GREY = np.array([0.299, 0.587, 0.114])


def number(draws):
    return float(draws.uniform()[0])


def flip(image, how, draws):
    return image[:, ::-1] if number(draws) < how.chance else image


def crop(image, how, draws):
    pad = how.padding
    down, right = (int(number(draws) * (2 * pad + 1)) - pad for _ in range(2))
    padded = np.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode="reflect")
    height, width = image.shape[:2]
    return padded[pad + down :, pad + right :][:height, :width]


def rotate(image, how, draws):
    angle = (2 * number(draws) - 1) * math.radians(how.degrees)
    height, width = image.shape[:2]
    out = np.zeros(image.shape)
    for y in range(height):
        for x in range(width):
            u, v = (2 * x + 1) / width - 1, (2 * y + 1) / height - 1
            across = math.cos(angle) * u - math.sin(angle) * v
            down = math.sin(angle) * u + math.cos(angle) * v
            out[y, x] = bilinear(image, mirror(down, height), mirror(across, width))
    return to_bytes(out)


def mirror(place, size):
    """From -1 to 1 to pixels; reflected at the outer edges of the pixels."""
    pixel = ((place + 1) * size - 1) / 2 + 0.5
    pixel = abs(pixel) % (2 * size)
    pixel = min(pixel, 2 * size - pixel) - 0.5
    return min(max(pixel, 0), size - 1)


def bilinear(image, y, x):
    top, left = int(y), int(x)
    bottom, right = min(top + 1, len(image) - 1), min(left + 1, image.shape[1] - 1)
    upper = image[top, left] * (1 - x + left) + image[top, right] * (x - left)
    lower = image[bottom, left] * (1 - x + left) + image[bottom, right] * (x - left)
    return upper * (1 - y + top) + lower * (y - top)


def erase(image, how, draws, fill):
    chosen = number(draws) < how.chance
    area = 0.02 + 0.38 * number(draws)
    aspect = (10 / 3) ** (2 * number(draws) - 1)
    top, tall = stretch(len(image), math.sqrt(area * aspect), number(draws))
    left, wide = stretch(image.shape[1], math.sqrt(area / aspect), number(draws))
    out = image.copy()
    if chosen:
        out[top : top + tall, left : left + wide] = to_bytes(fill)
    return out


def stretch(size, share, drawn):
    long = min(round(share * size), size)
    return int(drawn * (size - long + 1)), long


def color_jitter(image, how, draws):
    factors = [how.brightness, how.contrast, how.saturation]
    bright, contrast, saturation = (1 + (2 * number(draws) - 1) * f for f in factors)
    turn = (2 * number(draws) - 1) * how.hue * 2 * math.pi
    out = image * bright
    middle = grey(out).mean()
    out = middle + (out - middle) * contrast
    if image.shape[2] == 3:
        out = grey(out) + (out - grey(out)) * saturation
        out = turned(out, turn)
    return to_bytes(out)


def grey(image):
    return (image @ GREY)[..., None] if image.shape[2] == 3 else image


def turned(image, angle):
    yiq = np.array(
        [[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]]
    )
    out = image @ yiq.T
    colour = (out[..., 1] + 1j * out[..., 2]) * np.exp(1j * angle)
    out = np.stack([out[..., 0], colour.real, colour.imag], axis=-1)
    return out @ np.linalg.inv(yiq).T


def noise(x, how, draws, spread):
    drawn = draws.normal(*x.shape)[0].numpy()
    noisy = x + how.deviation * spread * drawn
    return to_bytes(noisy) if x.dtype == np.uint8 else noisy


def mixup(own, other, how, draws):
    share = beta.ppf(number(draws), how.alpha, how.alpha)
    mixed = own[0] * share + other[0] * (1 - share)
    x = np.round(mixed).astype(np.uint8) if own[0].dtype == np.uint8 else mixed
    return x, own[1] * share + other[1] * (1 - share)


def cutmix(own, other, how, draws):
    side = math.sqrt(1 - beta.ppf(number(draws), how.alpha, how.alpha))
    x, size = own[0].copy(), own[0].shape[:2]
    places = []
    for length in size:
        long = round(side * length)
        start = int(number(draws) * length) - long // 2
        places.append(slice(max(start, 0), max(start + long, 0)))
    x[tuple(places)] = other[0][tuple(places)]
    inside = np.zeros(size)
    inside[tuple(places)] = 1
    share = 1 - inside.mean()
    return x, own[1] * share + other[1] * (1 - share)


def to_bytes(x):
    return np.clip(np.round(x), 0, 255).astype(np.uint8)
