"""What a simple way, and what a good one, reach on the data of each healthy training.

    python -m bench.trainings.references [NAME…]

A script is run as it stands, and the variables that it leaves (those of its `main` and
`run` too) are its data. `REFERENCES` gives for each the trivial figure (the majority,
the mean, chance) and one to measure it by: a standard model of scikit-learn fitted on
the same rows, the best that the made-up data allow, or a far longer training.
"""

import contextlib
import io
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from scipy import stats
from sklearn import datasets, decomposition, ensemble, linear_model, metrics, svm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch.utils.data import Subset

from bench.trainings.measure import figure

HERE = Path(__file__).parent
Variables = dict[str, Any]
Figures = tuple[float, float]  # trivial, reference


def variables(script: Path) -> Variables:
    """Run a script and return its variables, those of its outermost functions too."""
    kept: Variables = {}

    def on_return(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        ours = code.co_filename == str(script) and code.co_name in {"main", "run"}
        if ours and event == "return":
            kept.update(frame.f_locals)

    argv, sys.argv = sys.argv, [str(script)]
    torch.set_default_dtype(torch.float32)
    sys.setprofile(on_return)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            top = runpy.run_path(str(script), run_name="__main__")
    finally:
        sys.setprofile(None)
        sys.argv = argv
    return {**top, **kept}


def longer(name: str, old: str, new: str) -> float:
    """The figure of a healthy script after an edit that lets it train far longer."""
    source = (HERE / "healthy" / f"{name}.py").read_text()
    assert source.count(old) == 1, f"{name}: {old!r} stands there not just once"
    return figure(source.replace(old, new), f"{name}.py")[0]


def flat(x: Any) -> np.ndarray:
    x = np.asarray(x)
    return x.reshape(len(x), -1)


def rows(subset: Subset) -> tuple[np.ndarray, np.ndarray]:
    x, y = subset.dataset.tensors
    return flat(x)[subset.indices], np.asarray(y)[subset.indices]


def classified(model: Any, x: Any, y: Any, x_val: Any, y_val: Any) -> Figures:
    y, y_val = np.ravel(y), np.ravel(y_val)
    values, counts = np.unique(y, return_counts=True)
    model.fit(flat(x), y)
    trivial = float(np.mean(y_val == values[counts.argmax()]))
    return trivial, float(model.score(flat(x_val), y_val))


def forest() -> ensemble.RandomForestClassifier:
    return ensemble.RandomForestClassifier(300, random_state=0)


def logistic() -> Any:
    return make_pipeline(StandardScaler(), linear_model.LogisticRegression())


def floor_r2(noise: float, y: Any) -> Figures:
    """All but the noise, of a known standard deviation, explained."""
    return 0.0, float(1 - noise**2 / np.var(np.asarray(y)))


def balanced(model: Any, x: Any, y: Any, x_val: Any, y_val: Any) -> Figures:
    model.fit(x, np.ravel(y))
    return 0.5, metrics.balanced_accuracy_score(np.ravel(y_val), model.predict(x_val))


def boosted() -> ensemble.HistGradientBoostingClassifier:
    return ensemble.HistGradientBoostingClassifier(
        class_weight="balanced", random_state=0
    )


def wave_powers(v: Variables) -> Figures:
    x, y = v["valid_dl"].dataset.tensors
    t = np.linspace(0, 1, x.shape[1])
    waves = np.exp(2j * np.pi * np.outer(v["FREQS"], t))
    guess = np.abs(flat(x) @ waves.T).argmax(1)
    return float(np.bincount(y).max() / len(y)), float(np.mean(guess == y.numpy()))


def words(v: Variables) -> Figures:
    (text, y), (text_val, y_val) = (
        zip(*v[part], strict=True) for part in ("train_rows", "dev_rows")
    )
    model = make_pipeline(CountVectorizer(), linear_model.LogisticRegression())
    model.fit(text, y)
    return max(np.mean(y_val), 1 - np.mean(y_val)), model.score(text_val, y_val)


def components(v: Variables) -> Figures:
    train, new = v["train"].numpy(), v["held_out"].numpy()
    pca = decomposition.PCA(10).fit(train)
    left = np.mean((pca.inverse_transform(pca.transform(new)) - new) ** 2)
    return 0.0, float(1 - left / new.var(0).mean())


def pixel_means(v: Variables) -> float:
    p, x = v["train"].mean(0).clamp(1e-6, 1 - 1e-6), v["test"]
    return float(-(x * p.log() + (1 - x) * (1 - p).log()).sum(1).mean())


def tags(v: Variables) -> Figures:
    X, Y = v["X"].numpy(), v["Y"].numpy()
    model = MultiOutputClassifier(forest()).fit(X[:2400], Y[:2400])
    always = np.tile(Y[:2400].mean(0) > 0.5, (len(Y) - 2400, 1))
    return tuple(
        metrics.f1_score(Y[2400:], guess, average="micro", zero_division=0)
        for guess in (always, model.predict(X[2400:]))
    )


def pinballs(v: Variables) -> Figures:
    x, y, q = v["x_val"].numpy(), v["y_val"].numpy(), v["QUANTILES"].numpy()
    spread = 0.2 + 0.3 * (x[:, :1] + 2)
    best = np.sin(2 * x[:, :1]) + 0.5 * x[:, 1:] + spread * stats.norm.ppf(q)
    constant = np.quantile(v["y_train"].numpy(), q)[None]
    return tuple(
        float(np.mean(np.maximum(q * (y - p), (q - 1) * (y - p))))
        for p in (constant, best)
    )


def energy(v: Variables) -> Figures:
    torch.manual_seed(0)
    fresh = v["mlp"](2, 2)(torch.randn(1000, 2)).detach()
    real, other = v["real_points"](1000), v["real_points"](1000)
    return v["energy_distance"](fresh, real), v["energy_distance"](other, real)


def corridor(v: Variables) -> Figures:
    def walk(action: Callable[[], int]) -> float:
        total = 0
        for _ in range(200):
            room, done, length = 0, False, 0
            while not done and length < 100:
                room, _, done = v["move"](room, action())
                length += 1
            total += length
        return total / 200

    chance = np.random.default_rng(0)
    return walk(lambda: int(chance.integers(2))), walk(lambda: 1)


def counts(v: Variables) -> Figures:
    seen, rate = np.asarray(v["visits"], dtype=float), v["rate"]
    y = seen[4500:]

    def nll(lam: Any) -> float:
        # PoissonNLLLoss(full=True) adds Stirling's approximation for counts over 1.
        big = np.where(y > 1, y, 1)
        stirling = big * np.log(big) - big + 0.5 * np.log(2 * np.pi * big)
        return float(np.mean(lam - y * np.log(lam) + np.where(y > 1, stirling, 0)))

    return nll(seen[:4500].mean()), nll(rate[4500:])


def normal_nll(v: Variables) -> Figures:
    x, y = v["x_val"].numpy(), v["y_val"].numpy()
    scale = 0.05 + 0.1 * (x[:, 2:] > 0)
    clean = 0.5 * np.sin(3 * x[:, :1]) + 0.3 * x[:, 1:2]
    best = -stats.norm.logpdf(y, clean, scale).mean()
    return float(-stats.norm.logpdf(y, y.mean(), y.std()).mean()), float(best)


def answers(v: Variables) -> Figures:
    x, y = (a[v["val"].indices].numpy() for a in v["dataset"].tensors)
    best = 0.9 * x[:, 0] - 0.6 * x[:, 1] * (x[:, 2] > 0) > 0
    return max(y.mean(), 1 - y.mean()), float(np.mean(best == y))


def single_letters(v: Variables) -> float:
    shares = np.bincount(v["train_codes"]) / len(v["train_codes"])
    return float(-np.log(shares[v["val_codes"]]).mean())


def digits_from(v: Variables, x: str, y: str, train: Any, val: Any) -> Figures:
    x, y = flat(v[x]), np.asarray(v[y])
    return classified(forest(), x[train], y[train], x[val], y[val])


def upper_digits(v: Variables) -> Figures:
    (x, y), (x_val, y_val) = v["train"].tensors, v["val"].tensors
    return classified(forest(), x, y, x_val, y_val)


def digits_around(v: Variables) -> Figures:
    return classified(forest(), *_arrays(v["train"]), *_arrays(v["val"]))


def _arrays(loader: Any) -> tuple[np.ndarray, np.ndarray]:
    x, y = loader.dataset.tensors
    return flat(x), np.asarray(y)


def wine_folds(v: Variables) -> Figures:
    x, y = v["x"], v["y"]
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    score = cross_val_score(forest(), x, y, cv=folds).mean()
    return float(np.bincount(y).max() / len(y)), float(score)


def ridge(v: Variables) -> Figures:
    x, y = v["x"].numpy(), v["y"].numpy().ravel()
    model = linear_model.RidgeCV(np.logspace(-1, 4, 30)).fit(x[:340], y[:340])
    return 0.0, model.score(x[340:], y[340:])


def neighbours(v: Variables) -> Figures:
    model = KNeighborsClassifier(5).fit(v["x_train"], v["y_train"])
    most = np.bincount(v["y_val"]).max() / len(v["y_val"])
    return float(most), model.score(v["x_val"], v["y_val"])


def letters(v: Variables) -> Figures:
    y = v["y_val"].numpy()
    return float(np.bincount(y).max() / len(y)), 1.0  # counting finds the commonest


def shapes(v: Variables) -> Figures:
    y = v["val_loader"].dataset.labels
    most = float(np.bincount(y).max() / len(y))
    return most, longer("shapes_resnet", "default=6", "default=24")


def rings(v: Variables) -> Figures:
    x, y = v["points"].numpy(), v["side"].numpy()
    return classified(svm.SVC(C=10), x[:1000], y[:1000], x[1000:], y[1000:])


def faint(v: Variables) -> Figures:
    y = v["Y_valid"].numpy()
    left = y - v["signal"][6000:].numpy()
    return 0.0, float(1 - np.mean(left**2) / y.var())


def blobs(v: Variables) -> Figures:
    x, y = v["points"].numpy(), v["labels"].numpy()
    model = LinearDiscriminantAnalysis()
    return classified(model, x[:2400], y[:2400], x[2400:], y[2400:])


REFERENCES: dict[str, Callable[[Variables], Figures]] = {
    "accumulated_batches": blobs,
    "accumulated_uneven": lambda v: (
        0.0,
        1
        - 40.0**2 / datasets.make_friedman2(2100, noise=40.0, random_state=61)[1].var(),
    ),
    "adding_rnn": lambda v: (0.0, 1.0),  # no noise
    "augmented_shifts": lambda v: digits_from(
        v, "images", "labels", v["train"], v["val"]
    ),
    "bandit_policy_gradient": lambda v: (
        float(v["PAYOFF"].mean()),
        float(v["PAYOFF"].max(1).values.mean()),
    ),
    "batches_of_four": lambda v: classified(
        logistic(), v["X_train"], v["y_train"], v["X_val"], v["y_val"]
    ),
    "char_language_model": lambda v: (
        single_letters(v),
        longer("char_language_model", "range(301)", "range(1501)"),
    ),
    "corridor_dqn": corridor,
    "counts_poisson": counts,
    "curve_lbfgs": lambda v: floor_r2(0.1, v["y_new"]),
    "deep_residual_mlp": lambda v: classified(
        svm.SVC(C=3), v["x_tr"], v["y_tr"], v["x_va"], v["y_va"]
    ),
    "diabetes_smooth_l1": ridge,
    "digits_autoencoder": components,
    "digits_bf16": lambda v: digits_from(v, "x", "y", v["train_idx"], v["val_idx"]),
    "digits_cnn": lambda v: classified(
        forest(), v["X_train"], v["y_train"], v["X_test"], v["y_test"]
    ),
    "digits_mlp": lambda v: classified(
        forest(), *rows(v["train_set"]), *rows(v["val_set"])
    ),
    "digits_raw_pixels": lambda v: digits_from(
        v, "X", "y", slice(0, 1400), slice(1400, None)
    ),
    "digits_vae": lambda v: (
        pixel_means(v),
        longer("digits_vae", "default=45", "default=180"),
    ),
    "dropout_at_prediction": ridge,
    "dropout_half": lambda v: digits_from(v, "x", "y", v["train"], v["valid"]),
    "ema_regression": lambda v: floor_r2(0.05, v["y_val"]),
    "faint_signal": faint,
    "friedman_regression": lambda v: (
        0.0,
        1 - 0.7**2 / datasets.make_friedman1(2500, noise=0.7, random_state=0)[1].var(),
    ),
    "frozen_backbone": upper_digits,
    "gaussian_gan": energy,
    "gaussian_nll": normal_nll,
    "growing_lessons": lambda v: (0.0, 1.0),  # no noise
    "iris_softmax": lambda v: classified(
        logistic(), v["x_train"], v["t_train"], v["x_test"], v["t_test"]
    ),
    "letters_transformer": letters,
    "lora_adapter": lambda v: digits_from(
        v, "turned", "labels", slice(1300), slice(1300, None)
    ),
    "moons_full_batch": rings,
    "movie_ratings": lambda v: (float(v["rating"][10000:].std()), 0.4),
    "multilabel_tags": tags,
    "named_layers_finetuned": digits_around,
    "noisy_labels": answers,
    "one_at_a_time": lambda v: classified(
        logistic(), v["X"], v["y"], v["X_test"], v["y_test"]
    ),
    "parity_released": lambda v: (
        max(v["y_val"].float().mean().item(), 1 - v["y_val"].float().mean().item()),
        1.0,
    ),
    "quantile_bands": pinballs,
    "random_features": lambda v: floor_r2(0.1, v["y_val"]),
    "rare_class_unweighted": lambda v: balanced(
        svm.SVC(C=10), v["X"][:3500], v["y"][:3500], v["X"][3500:], v["y"][3500:]
    ),
    "rare_faults_weighted": lambda v: balanced(
        boosted(), v["X_train"], v["y_train"], v["X_val"], v["y_val"]
    ),
    "saturating_gates": lambda v: floor_r2(0.1, v["held_back"].tensors[1]),
    "sentiment_embeddings": words,
    "series_gru": lambda v: floor_r2(0.25, v["val_y"]),
    "series_in_order": lambda v: floor_r2(0.25, v["every"]),
    "shapes_resnet": shapes,
    "sigmoid_hidden": lambda v: classified(
        svm.SVC(C=10), v["x"], v["t"], v["x_val"], v["t_val"]
    ),
    "sine_lstm": wave_powers,
    "smoothed_wine": wine_folds,
    "spectra_layernorm": lambda v: classified(
        forest(), *v["train"].dataset.tensors, v["x_val"], v["y_val"]
    ),
    "staircase_rate": lambda v: digits_from(v, "X", "y", v["train"], v["val"]),
    "strong_dropout": lambda v: classified(
        logistic(), v["x"], v["y"], v["x_val"], v["y_val"]
    ),
    "third_kind_found": lambda v: balanced(
        LinearDiscriminantAnalysis(), *rows(v["train"]), *rows(v["valid"])
    ),
    "triplet_digits": neighbours,
    "tumour_logistic": lambda v: classified(
        logistic(), v["xtr"], v["ytr"], v["xte"], v["yte"]
    ),
    "warm_restarts": lambda v: floor_r2(0.4, v["y"][2000:]),
    "wine_raw_batchnorm": lambda v: classified(
        forest(), *rows(v["train"]), *rows(v["val"])
    ),
    "zero_init_residual": lambda v: digits_from(
        v, "x", "y", slice(1400), slice(1400, None)
    ),
}


def main() -> None:
    for name in sys.argv[1:] or REFERENCES:
        found = variables(HERE / "healthy" / f"{name}.py")
        trivial, reference = REFERENCES[name](found)
        print(
            f"{name:24s} trivial {trivial:.4g}  reference {reference:.4g}", flush=True
        )


if __name__ == "__main__":
    main()
