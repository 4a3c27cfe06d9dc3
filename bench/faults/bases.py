"""The base trainings: data, model and loss, and what is usual for them.

A rate is good to a factor of two or so; whether a training is healthy is not assumed
but measured, by the yardstick of `measure.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy import sparse
from sklearn.decomposition import PCA
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.metrics import balanced_accuracy_score, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from torch import Tensor, nn

from bench.faults import nets, trees
from bench.faults.data import Data, images, sequences, tables
from bench.faults.data.data import Array
from bench.faults.data.sequences import TOKENS
from bench.faults.faults import Traits
from bench.faults.kit import Outcome, prepare
from bench.faults.loops import STYLES
from bench.faults.setting import Setting
from bench.faults.spoil import spoilt

CODE = 12  # numbers that an autoencoder has for an image
Net = Callable[[Setting, Data], nn.Module]
Fit = Callable[[Setting, Data, str], Outcome]


@dataclass(frozen=True, kw_only=True, slots=True)
class Base:
    """A training that can be varied: by people's choices, and by their mistakes.

    `rates` are good ones, by optimizer. `shared` says that its data are real ones of
    `$WELLFIT_DATA`. `reference` fits a standard model to the same rows, where the best
    that can be had is not known, or is out of a model's reach (trees on a smooth edge).
    """

    name: str
    traits: Traits
    data: Callable[[Setting], Data]
    usual: Setting
    rates: Mapping[str, float]
    net: Net | None = None
    loss: str = ""
    fit: Fit | None = None
    reference: Callable[[], Any] | None = None
    shared: bool = False
    fixed: tuple[str, ...] = field(default=())  # what its healthy settings leave alone

    def train(self, s: Setting) -> tuple[Outcome, Data]:
        """Train as the setting says; with the data, to score it on."""
        data = spoilt(self.data(s), s.spoil, s.amount)
        torch.manual_seed(s.seed)
        np.random.seed(s.seed)
        if self.fit is not None:
            return self.fit(s, data, self.traits.task), data
        assert self.net is not None
        rows = self.tensors(data, s)
        net = nets.finished(self.net(s, data), s)
        if s.pretrained:
            self._pretrain(net, s, rows)
        loss = self.loss if not s.loss else s.loss
        parts = prepare(net, loss, s, len(data.x))
        if self.traits.task == "sequence":
            inner = parts.criterion
            parts.criterion = lambda out, y: inner(out.flatten(0, 1), y.flatten())
        return STYLES[s.style](parts, s, rows), data

    def _pretrain(self, net: nn.Module, s: Setting, rows: Any) -> None:
        """On other rows of the kind: the validation rows stand in for them."""
        own = replace(s, frozen=0.0, epochs=8, schedule="none", pretrained=False)
        x, y = rows[0], rows[1]
        half = len(x) // 2
        parts = prepare(net, self.loss, own, half)
        STYLES["loader"](parts, own, (x[:half], y[:half], x[half:], y[half:]))

    def tensors(self, data: Data, s: Setting) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Rows as the loss wants them."""
        return (
            torch.as_tensor(data.x),
            self._targets(data.y, s),
            torch.as_tensor(data.x_val),
            self._targets(data.y_val, s),
        )

    def _targets(self, y: Array, s: Setting) -> Tensor:
        if self.traits.task in ("multilabel", "autoencoding"):
            return torch.as_tensor(y.astype(np.float32))
        if self.loss in ("bce", "mse", "huber"):
            made = torch.as_tensor(y.astype(np.float32))
            return made if s.broadcast else made.unsqueeze(1)
        return torch.as_tensor(y.astype(np.int64))

    def score(self, said: Array, y: Array, output: str = "") -> float:
        """How good outputs are: the greater the better; NaN is as bad as nothing."""
        if not np.isfinite(said).all():
            return self.trivial(y)
        task = self.traits.task
        if task == "sequence":
            return -_surprise(said, y)
        if task == "regression":
            return float(max(-1.0, r2_score(y, said[:, 0])))
        if task == "autoencoding":
            return float(max(-1.0, 1 - np.mean((said - y) ** 2) / y.var(0).mean()))
        cut = 0.5 if output == "sigmoid" else 0.0
        if task == "multilabel":
            chosen = said > cut
            pairs = zip(y.T, chosen.T, strict=True)
            return float(np.mean([balanced_accuracy_score(t, p) for t, p in pairs]))
        classes = said[:, 0] > cut if said.shape[1] == 1 else said.argmax(1)
        return float(balanced_accuracy_score(y, classes))

    def trivial(self, y: Array) -> float:
        """The score of saying the same of all rows."""
        task = self.traits.task
        if task == "sequence":
            return -self.trivial_loss(y)
        if task in ("regression", "autoencoding"):
            return 0.0
        return 0.5 if task == "multilabel" else 1 / len(np.unique(y))

    def trivial_loss(self, y: Array) -> float:
        """The loss of saying the same of all rows."""
        if self.traits.task in ("regression", "autoencoding"):
            return float(np.var(y, axis=0).mean()) / (2 if self.loss == "huber" else 1)
        if self.traits.task == "multilabel":
            return float(np.log(2))
        return -float(sum(p * np.log(p) for p in _shares(y)))

    def best(self, s: Setting) -> float:
        """The best score that can be had of the data as they are without a fault."""
        data = self.data(s)
        if self.reference is None:
            return self._ideal(data)
        flat = [x.reshape(len(x), -1) for x in (data.x, data.x_test)]
        if self.traits.task == "autoencoding":
            code = PCA(CODE).fit(flat[0])
            said = code.inverse_transform(code.transform(flat[1]))
            return self.score(said, data.y_test)
        model = self.reference().fit(flat[0], data.y)
        if self.traits.task == "regression":
            return self.score(model.predict(flat[1])[:, None], data.y_test)
        said = model.predict(flat[1])
        return float(balanced_accuracy_score(data.y_test, said))

    def _ideal(self, data: Data) -> float:
        assert data.ideal is not None
        ideal = data.ideal
        if self.traits.task == "multilabel":
            return self.score(ideal - 0.5, data.y_test)
        if self.traits.task == "sequence":
            return self.score(np.log(np.maximum(ideal, 1e-12)), data.y_test)
        if ideal.ndim == 1:
            return self.score(ideal[:, None], data.y_test)
        return self.score(ideal, data.y_test)


def _surprise(said: Array, y: Array) -> float:
    """The mean cross-entropy of logits, in nats."""
    shifted = said - said.max(-1, keepdims=True)
    log = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return float(-np.take_along_axis(log, y[..., None], -1).mean())


def _shares(y: Array) -> Any:
    counts = np.unique(y, return_counts=True)[1]
    return counts / counts.sum()


def _dense(leaving: int) -> Net:
    return lambda s, data: nets.dense(s, data.x.shape[1], leaving)


def _images(leaving: int) -> Net:
    return lambda s, data: nets.convolutional(s, 1, data.x.shape[2], leaving)


def _recurrent(entering: int, leaving: int, *, tokens: bool, each: bool = False) -> Net:
    return lambda s, _: nets.Recurrent(s, entering, leaving, tokens=tokens, each=each)


def _attention(entering: int, leaving: int, *, tokens: bool) -> Net:
    return lambda s, data: nets.Attention(
        s, entering, leaving, data.x.shape[1], tokens=tokens
    )


RATES = {"adam": 2e-3, "adamw": 2e-3, "sgd": 0.03, "rmsprop": 1e-3}
SLOW = {"adam": 2e-3, "adamw": 2e-3}  # trained by Adam only


def _usual(base: str, **choices: Any) -> Setting:
    return Setting(base=base, **choices)


def _logistic() -> Any:
    return LogisticRegression(C=0.3, max_iter=1000)


def _bag_of_words() -> Any:
    def counted(x: Array) -> Any:
        return sparse.vstack(
            [sparse.csr_matrix(np.bincount(row, minlength=1502)) for row in x]
        )

    return make_pipeline(FunctionTransformer(counted), LogisticRegression(C=0.1))


BOOSTED = {"boosting": 0.1}
_T = Traits
ALL = (
    Base(
        name="digits-dense",
        traits=_T(family="dense", task="classes", inputs="image"),
        data=images.flat_digits,
        net=_dense(10),
        loss="cross_entropy",
        usual=_usual("digits-dense", width=64, epochs=25),
        rates=RATES,
        reference=partial(SVC, C=5),
    ),
    Base(
        name="cancer-dense",
        traits=_T(family="dense", task="binary", inputs="table"),
        data=tables.cancer,
        net=_dense(1),
        loss="bce",
        usual=_usual("cancer-dense", rows=300, width=16, epochs=20),
        rates={"adam": 2e-3, "adamw": 2e-3, "sgd": 0.02, "rmsprop": 1e-3},
        reference=_logistic,
    ),
    Base(
        name="teacher-dense",
        traits=_T(family="dense", task="binary", inputs="table"),
        data=tables.teacher,
        net=_dense(1),
        loss="bce",
        usual=_usual("teacher-dense", rows=3000, width=32, epochs=12),
        rates=RATES,
    ),
    Base(
        name="blobs-dense",
        traits=_T(family="dense", task="classes", inputs="table"),
        data=tables.blobs,
        net=_dense(5),
        loss="cross_entropy",
        usual=_usual("blobs-dense", rows=1500, width=32, epochs=15),
        rates=RATES,
    ),
    Base(
        name="friedman-dense",
        traits=_T(family="dense", task="regression", inputs="table"),
        data=tables.friedman,
        net=_dense(1),
        loss="mse",
        usual=_usual("friedman-dense", rows=2000, width=32, epochs=25),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.01, "rmsprop": 2e-3},
    ),
    Base(
        name="diabetes-dense",
        traits=_T(family="dense", task="regression", inputs="table"),
        data=tables.diabetes,
        net=_dense(1),
        loss="huber",
        usual=_usual(
            "diabetes-dense", rows=260, width=8, depth=1, epochs=30, decay=1e-3
        ),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.01, "rmsprop": 1e-3},
        reference=partial(RidgeCV, alphas=np.logspace(-1, 3, 20)),
    ),
    Base(
        name="california-dense",
        traits=_T(family="dense", task="regression", inputs="table"),
        data=tables.california,
        net=_dense(1),
        loss="mse",
        usual=_usual("california-dense", rows=2500, width=32, epochs=20),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.02, "rmsprop": 2e-3},
        reference=HistGradientBoostingRegressor,
        shared=True,
    ),
    Base(
        name="tags-dense",
        traits=_T(family="dense", task="multilabel", inputs="table"),
        data=tables.tags,
        net=_dense(6),
        loss="bce",
        usual=_usual("tags-dense", rows=2000, width=32, epochs=15),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.1, "rmsprop": 2e-3},
    ),
    Base(
        name="digits-autoencoder",
        traits=_T(family="dense", task="autoencoding", inputs="image"),
        data=images.own_digits,
        net=lambda s, data: nets.Autoencoder(s, data.x.shape[1], CODE),
        loss="mse",
        usual=_usual("digits-autoencoder", width=64, depth=1, epochs=40),
        rates={"adam": 3e-3, "adamw": 3e-3},
        reference=PCA,
        fixed=("norm", "dropout"),
    ),
    Base(
        name="digits-conv",
        traits=_T(family="convolutional", task="classes", inputs="image"),
        data=images.digits,
        net=_images(10),
        loss="cross_entropy",
        usual=_usual("digits-conv", width=16, epochs=12),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.03, "rmsprop": 1e-3},
        reference=partial(SVC, C=5),
    ),
    Base(
        name="shapes-conv",
        traits=_T(family="convolutional", task="classes", inputs="image"),
        data=images.shapes,
        net=_images(4),
        loss="cross_entropy",
        usual=_usual(
            "shapes-conv",
            rows=1500,
            width=16,
            depth=3,
            norm="batch",
            residual=True,
            epochs=10,
        ),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.03, "rmsprop": 1e-3},
        reference=partial(SVC, C=5),
    ),
    Base(
        name="fashion-conv",
        traits=_T(family="convolutional", task="classes", inputs="image"),
        data=images.fashion,
        net=_images(10),
        loss="cross_entropy",
        usual=_usual("fashion-conv", rows=1500, width=12, epochs=8),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.03, "rmsprop": 1e-3},
        reference=partial(SVC, C=5),
        shared=True,
    ),
    Base(
        name="waves-conv",
        traits=_T(family="convolutional", task="classes", inputs="series"),
        data=sequences.waves,
        net=lambda s, _: nets.convolutional_1d(s, 1, 32, 4),
        loss="cross_entropy",
        usual=_usual("waves-conv", rows=1200, width=16, epochs=15),
        rates={"adam": 3e-3, "adamw": 3e-3, "sgd": 0.03, "rmsprop": 1e-3},
        reference=partial(SVC, C=5),
    ),
    Base(
        name="series-recurrent",
        traits=_T(family="recurrent", task="regression", inputs="series"),
        data=sequences.series,
        net=_recurrent(1, 1, tokens=False),
        loss="mse",
        usual=_usual("series-recurrent", width=16, depth=1, epochs=20),
        rates={"adam": 5e-3, "adamw": 5e-3, "rmsprop": 3e-3},
    ),
    Base(
        name="adding-recurrent",
        traits=_T(family="recurrent", task="regression", inputs="series"),
        data=sequences.adding,
        net=_recurrent(2, 1, tokens=False),
        loss="mse",
        usual=_usual("adding-recurrent", width=24, depth=1, epochs=25, rows=1500),
        rates={"adam": 5e-3, "adamw": 5e-3, "rmsprop": 3e-3},
    ),
    Base(
        name="marked-recurrent",
        traits=_T(family="recurrent", task="classes", inputs="tokens"),
        data=sequences.marked,
        net=_recurrent(TOKENS, TOKENS, tokens=True),
        loss="cross_entropy",
        usual=_usual("marked-recurrent", width=32, depth=1, epochs=15, rows=2000),
        rates={"adam": 5e-3, "adamw": 5e-3, "rmsprop": 3e-3},
    ),
    Base(
        name="chain-recurrent",
        traits=_T(family="recurrent", task="sequence", inputs="tokens"),
        data=sequences.chain,
        net=_recurrent(TOKENS, TOKENS, tokens=True, each=True),
        loss="cross_entropy",
        usual=_usual("chain-recurrent", width=32, depth=1, epochs=12, rows=2200),
        rates={"adam": 8e-3, "adamw": 8e-3, "rmsprop": 4e-3},
    ),
    Base(
        name="commonest-attention",
        traits=_T(family="attention", task="classes", inputs="tokens"),
        data=sequences.commonest,
        net=_attention(TOKENS, 4, tokens=True),
        loss="cross_entropy",
        usual=_usual("commonest-attention", width=16, depth=1, epochs=8),
        rates=SLOW,
    ),
    Base(
        name="friedman-attention",
        traits=_T(family="attention", task="regression", inputs="table"),
        data=tables.friedman,
        net=_attention(0, 1, tokens=False),
        loss="mse",
        usual=_usual("friedman-attention", width=16, depth=1, epochs=20, rows=1500),
        rates={"adam": 3e-3, "adamw": 3e-3},
    ),
    Base(
        name="sentiment-attention",
        traits=_T(family="attention", task="binary", inputs="tokens"),
        data=sequences.sentiment,
        net=_attention(1502, 2, tokens=True),
        loss="cross_entropy",
        usual=_usual("sentiment-attention", width=16, depth=1, epochs=6, rows=4500),
        rates={"adam": 3e-3, "adamw": 3e-3},
        shared=True,
        reference=_bag_of_words,
    ),
    Base(
        name="friedman-xgboost",
        traits=_T(family="trees", task="regression", inputs="table"),
        data=tables.friedman,
        fit=trees.xgboost_trees,
        usual=_usual(
            "friedman-xgboost", optimizer="boosting", depth=4, epochs=150, rows=2000
        ),
        rates=BOOSTED,
        reference=HistGradientBoostingRegressor,
    ),
    Base(
        name="teacher-lightgbm",
        traits=_T(family="trees", task="binary", inputs="table"),
        data=tables.teacher,
        fit=trees.lightgbm_trees,
        usual=_usual(
            "teacher-lightgbm", optimizer="boosting", depth=4, epochs=100, rows=3000
        ),
        rates=BOOSTED,
        reference=HistGradientBoostingClassifier,
    ),
    Base(
        name="adult-lightgbm",
        traits=_T(family="trees", task="binary", inputs="table"),
        data=tables.adult,
        fit=trees.lightgbm_trees,
        usual=_usual(
            "adult-lightgbm", optimizer="boosting", depth=3, epochs=60, rows=3000
        ),
        rates=BOOSTED,
        reference=HistGradientBoostingClassifier,
        shared=True,
    ),
    Base(
        name="blobs-gradient-boosting",
        traits=_T(family="trees", task="classes", inputs="table"),
        data=tables.blobs,
        fit=trees.gradient_boosting,
        usual=_usual(
            "blobs-gradient-boosting",
            optimizer="boosting",
            depth=3,
            epochs=50,
            rows=1000,
        ),
        rates=BOOSTED,
        reference=HistGradientBoostingClassifier,
    ),
    Base(
        name="digits-forest",
        traits=_T(family="trees", task="classes", inputs="image"),
        data=images.flat_digits,
        fit=trees.forest,
        usual=_usual("digits-forest", optimizer="forest", epochs=100),
        rates={"forest": 1.0},
        reference=partial(SVC, C=5),
    ),
)
BASES = {base.name: base for base in ALL}
