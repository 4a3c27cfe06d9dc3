"""Sequences: of numbers (steps, channels), or of tokens."""

import numpy as np

from bench.faults.data.data import Data, shared, split
from bench.faults.setting import Setting

TOKENS = 8  # of made-up sequences


def waves(s: Setting) -> Data:
    """Which of four forms a noisy wave has: (channels, steps)."""
    draw = np.random.default_rng(s.data_seed)
    y = draw.integers(4, size=s.rows + 1300)
    turn = draw.uniform(0.04, 0.1, len(y))[:, None] * np.arange(32)
    turn = (turn + draw.random(len(y))[:, None]) % 1
    forms = [
        np.sin(2 * np.pi * turn),
        np.where(turn < 0.5, 1.0, -1.0),
        2 * turn - 1,
        1 - 4 * abs(turn - 0.5),
    ]
    x = np.choose(y[:, None], forms) + 0.3 * s.noise * draw.normal(size=turn.shape)
    return split(x[:, None], y, s.rows, val=300, seed=s.data_seed)


def series(s: Setting) -> Data:
    """The next value of a series that bends back on itself; its noise is known."""
    draw = np.random.default_rng(s.data_seed)
    total, window = s.rows + 1800, 12
    value, clean = np.zeros(total + window), np.zeros(total + window)
    for t in range(2, len(value)):
        clean[t] = 1.8 * np.sin(1.2 * value[t - 1]) - 0.6 * value[t - 2]
        value[t] = clean[t] + 0.3 * s.noise * draw.normal()
    at = np.arange(total)[:, None] + np.arange(window)
    x = value[at][:, :, None] / value.std()
    y = (value[window:] / value.std()).astype(np.float32)
    ideal = clean[window:] / value.std()
    return split(x, y, s.rows, val=300, seed=s.data_seed, ideal=ideal)


def adding(s: Setting) -> Data:
    """The sum of the two numbers that are marked among eight."""
    draw = np.random.default_rng(s.data_seed)
    total = s.rows + 1300
    x = np.zeros((total, 8, 2))
    x[:, :, 0] = draw.uniform(-1, 1, (total, 8))
    marks = draw.random((total, 8)).argsort(1)[:, :2]
    np.put_along_axis(x[:, :, 1], marks, 1.0, 1)
    clean = (x[:, :, 0] * x[:, :, 1]).sum(1)
    y = (clean + 0.1 * s.noise * draw.normal(size=total)).astype(np.float32)
    return split(x, y, s.rows, val=300, seed=s.data_seed, ideal=clean)


def marked(s: Setting) -> Data:
    """Which token stands behind the mark, in a sequence of ten."""
    draw = np.random.default_rng(s.data_seed)
    total = s.rows + 1300
    x = draw.integers(TOKENS - 1, size=(total, 10))
    at = draw.integers(9, size=total)
    x[np.arange(total), at] = TOKENS - 1
    y = x[np.arange(total), at + 1]
    return split(x, y, s.rows, val=300, seed=s.data_seed, ideal=np.eye(TOKENS)[y])


def commonest(s: Setting) -> Data:
    """Which of the first four tokens is the commonest in a sequence of twelve."""
    draw = np.random.default_rng(s.data_seed)
    total = s.rows + 1300
    y = draw.integers(4, size=total)
    x = draw.integers(TOKENS, size=(total, 12))
    pulled = draw.random(x.shape) < 0.5 / s.noise
    x = np.where(pulled, y[:, None], x)
    seen = (x[:, :, None] == np.arange(4)).sum(1)
    # Tokens are independent given the class, so the likelihood depends on counts only.
    more = 1 + (0.5 / s.noise) / ((1 - 0.5 / s.noise) / TOKENS)
    ideal = more ** seen.astype(float)
    return split(x, y, s.rows, val=300, seed=s.data_seed, ideal=ideal)


def chain(s: Setting) -> Data:
    """Text of a chain: each token drawn from what the two before it make likely."""
    draw = np.random.default_rng(0)
    likely = draw.dirichlet(np.full(TOKENS, 0.35), size=(TOKENS, TOKENS))
    draw = np.random.default_rng(s.data_seed + 1)
    total, window = s.rows + 900, 16
    text = np.zeros((total, window + 1), dtype=np.int64)
    text[:, :2] = draw.integers(TOKENS, size=(total, 2))
    for t in range(2, window + 1):
        chance = likely[text[:, t - 2], text[:, t - 1]].cumsum(1)
        text[:, t] = (draw.random(total)[:, None] < chance).argmax(1)
    ideal = np.full((total, window, TOKENS), 1 / TOKENS)
    ideal[:, 1:] = likely[text[:, :-2], text[:, 1:-1]]
    return split(
        text[:, :-1], text[:, 1:], s.rows, val=300, seed=s.data_seed, ideal=ideal
    )


def sentiment(s: Setting) -> Data:
    """Whether a sentence of SST-2 is kind; its words by number, 1500 of them."""
    lines = shared("text_sst2", "sent_train.tsv").read_text("utf-8").splitlines()
    pairs = [line.rpartition("\t") for line in lines if line[-1:] in "01"]
    draw = np.random.default_rng(s.data_seed)
    pairs = [pairs[i] for i in draw.permutation(len(pairs))[: s.rows + 2000]]
    words = [text.lower().split() for text, _, _ in pairs]
    known = [w for ws in words for w in ws]
    names, counts = np.unique(known, return_counts=True)
    number = {w: i + 2 for i, w in enumerate(names[counts.argsort()[::-1][:1500]])}
    x = np.zeros((len(words), 24), dtype=np.int64)
    for row, ws in enumerate(words):
        for place, word in enumerate(ws[:24]):
            x[row, place] = number.get(word, 1)
    y = np.array([int(label) for _, _, label in pairs])
    return split(x, y, s.rows, val=500, seed=s.data_seed)
