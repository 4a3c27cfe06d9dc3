"""The LightGBM tap: `train`, `cv`, the scikit-learn interface, and loops by hand.

All of them come to `Booster.update`, and evaluate with `eval_train`, `eval_valid` or
`eval`. What they return is looked at; nothing is evaluated but what was asked for,
save for what the budget allows: the predictions that LightGBM has made already.
"""

import ctypes
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from weakref import ref

import lightgbm
import numpy as np
from lightgbm import Booster, Dataset

from wellfit.taps.boosting.machine import Settings
from wellfit.taps.boosting.metrics import Result
from wellfit.taps.boosting.objectives import objective
from wellfit.taps.boosting.scores import Floats, Seen
from wellfit.taps.boosting.trainings import INTERFACES, Trainings
from wellfit.taps.boosting.trees import Tree, from_lightgbm
from wellfit.taps.boosting.wrap import around, followed, once, preceded
from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave

RATES = ("learning_rate", "eta", "shrinkage_rate")
SEEDS = ("seed", "random_state", "random_seed")
RATE = 0.1  # LightGBM's default
MOST = 5_000_000  # predictions that are copied for a look


class LightGBMTap:
    """Watches the LightGBM trainings of this process, from `attach` to `finish`."""

    framework = "lightgbm"

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._trainings = Trainings(
            self, records, Machine, overhead=overhead, every=every
        )

    @property
    def step(self) -> int:
        """Rounds done."""
        return self._trainings.step

    def attach(self) -> None:
        """Begin to watch."""
        guard, seen = self._guard, self._trainings
        replace = self._patches.replace
        replace(Dataset, "__init__", followed(guard(_made(seen.met))))
        for name in INTERFACES:
            original = getattr(lightgbm, name)
            begin = guard(partial(seen.begin, name))
            make = once(around(begin, guard(self._ended)))
            for owner in _owners(name, original):
                replace(owner, name, make)
        replace(Booster, "update", followed(guard(self._updated)))
        replace(Booster, "eval_train", followed(guard(self._evaluated)))
        replace(Booster, "eval_valid", followed(guard(self._evaluated)))
        replace(Booster, "eval", followed(guard(self._evaluated)))
        replace(Booster, "model_from_string", preceded(guard(seen.leaving)))
        self._guard.on = True
        enter(self)

    def join(self, interface: str) -> None:
        """`train` or `cv` is under way in this thread."""
        self._guard(self._trainings.begin)(interface)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in LightGBM."""
        self._guard.on = False
        leave(self)
        self._patches.restore()

    def finish(self) -> None:
        """Detach, and record what is still held and what the whole tells."""
        was_on = self._guard.on
        self.detach()
        if was_on:
            try:
                self._trainings.finish()
            except Exception as error:
                self._guard.fail(error)
        self._trainings.close()

    def _updated(self, _: Any, booster: Any, *args: Any, **kwargs: Any) -> None:
        self._trainings.updated(booster, booster.train_set)

    def _evaluated(self, results: Any, booster: Any, *args: Any, **kw: Any) -> None:
        for name, found in _by_data_set(results).items():
            place = _place(booster, name, args, kw)
            self._trainings.evaluated(booster, place, name, found)

    def _ended(self, made: Any) -> None:
        self._trainings.end(partial(_cut, made))


class Machine:
    """A LightGBM booster, as it is recorded."""

    def __init__(self, booster: Any) -> None:
        self._booster = ref(booster)

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        return self._booster() is not None

    def settings(self) -> Settings:
        """What it was made with."""
        booster = self._there()
        text = booster.model_to_string(num_iteration=1)
        said = dict(line.partition("=")[::2] for line in text[:2_000].splitlines())
        params = dict(booster.params)
        name = said.get("objective", "custom").partition(" ")[0]
        classes = int(said.get("num_class", 1))
        kind = params.get("boosting_type") or params.get("boosting") or "gbdt"
        seed = next((params[s] for s in SEEDS if params.get(s) is not None), None)
        return Settings(
            booster=str(kind),
            objective=objective(name, classes=classes if classes > 1 else None),
            features=booster.num_feature(),
            before=booster.current_iteration() - 1,
            parameters=params,
            seed=seed if isinstance(seed, int) else None,
        )

    def rate(self) -> float | None:
        """The learning rate in force."""
        params = self._there().params
        return float(next((params[n] for n in RATES if n in params), RATE))

    def targets(self) -> tuple[Floats, Floats | None] | None:
        """The training set's targets and weights."""
        return _fields(self._there().train_set)

    def see(self, place: int) -> Seen | None:
        """The predictions that LightGBM keeps of a data set.

        With DART, asking for those of training would drop trees: there are none.
        """
        booster = self._there()
        if booster.train_set is None or (place == 0 and self._drops()):
            return None
        data_set = booster.train_set if place == 0 else _valid(booster)
        told = None if data_set is None else _fields(data_set)
        if data_set is None or told is None:
            return None
        predicted = _predictions(booster, _index(booster, data_set), len(told[0]))
        return None if predicted is None else Seen(predicted, *told)

    def trees(self, first: int, count: int) -> list[Tree]:
        """The trees of so many rounds from that one on."""
        booster = self._there()
        text = booster.model_to_string(num_iteration=count, start_iteration=first)
        return from_lightgbm(text)

    def rounds(self) -> int:
        """Rounds whose trees it has."""
        return int(self._there().current_iteration())

    def best(self) -> int | None:
        """The best round, where one was chosen."""
        best = int(self._there().best_iteration)
        return best if best > 0 else None

    def importance(self) -> dict[str, dict[str, float]]:
        """Gain and number of splits, by feature."""
        booster = self._there()
        names = booster.feature_name()
        return {
            kind: dict(
                zip(names, map(float, booster.feature_importance(kind)), strict=True)
            )
            for kind in ("gain", "split")
        }

    def _drops(self) -> bool:
        params = self._there().params
        return "dart" in (params.get("boosting_type"), params.get("boosting"))

    def _there(self) -> Any:
        booster = self._booster()
        assert booster is not None
        return booster


def _made(met: Callable[[Any, Any], None]) -> Callable[..., None]:
    def made(_: Any, data_set: Any, data: Any = None, *args: Any, **kw: Any) -> None:
        met(data_set, data)

    return made


def _owners(name: str, function: Any) -> Iterable[Any]:
    """The modules of LightGBM's that hold the function under its name."""
    modules = (lightgbm, lightgbm.engine, getattr(lightgbm, "sklearn", None))
    return [m for m in modules if getattr(m, name, None) is function]


def _by_data_set(results: Any) -> dict[str, list[Result]]:
    found: dict[str, list[Result]] = {}
    for name, metric, value, greater, *_ in results:
        found.setdefault(name, []).append(Result(metric, value, greater))
    return found


def _place(booster: Any, name: str, args: Any, kwargs: Any) -> int:
    """0 for the data that are trained on, then 1, 2, … in the order given."""
    data = args[0] if args else kwargs.get("data")
    sets, names = booster.valid_sets, booster.name_valid_sets
    if not isinstance(data, Dataset):  # eval_train or eval_valid, all of them at once
        if name not in names:
            return 0
        data = sets[names.index(name)]
    if data is booster.train_set:
        return 0
    others = [one for one in sets if one is not booster.train_set]
    return 1 + next(n for n, one in enumerate(others) if one is data)


def _valid(booster: Any) -> Any:
    """The first data set that is not the one trained on."""
    others = (one for one in booster.valid_sets if one is not booster.train_set)
    return next(others, None)


def _index(booster: Any, data_set: Any) -> int:
    """The data set's number within LightGBM."""
    if data_set is booster.train_set:
        return 0
    return 1 + next(n for n, one in enumerate(booster.valid_sets) if one is data_set)


def _fields(data_set: Any) -> tuple[Floats, Floats | None] | None:
    """Targets and weights, as LightGBM holds them."""
    targets = data_set.get_field("label")
    if targets is None:
        return None
    weights = data_set.get_field("weight")
    plain = None if weights is None else np.asarray(weights, dtype=np.float64)
    return np.asarray(targets, dtype=np.float64), plain


def _predictions(booster: Any, index: int, rows: int) -> Floats | None:
    """What LightGBM predicts for a data set of its own, into memory of our own."""
    library: Any = vars(lightgbm.basic)["_LIB"]
    size = ctypes.c_int64(0)
    number, handle = ctypes.c_int(index), booster._handle
    failed = library.LGBM_BoosterGetNumPredict(handle, number, ctypes.byref(size))
    if failed or not 0 < size.value <= MOST:
        return None
    out = np.empty(size.value, dtype=np.float64)
    place = out.ctypes.data_as(ctypes.POINTER(ctypes.c_double))
    if library.LGBM_BoosterGetPredict(handle, number, ctypes.byref(size), place):
        return None
    return out if size.value == rows else out.reshape(rows, -1, order="F")


def _cut(made: Any, rounds: int) -> int | None:
    """Of what `cv` returned, the rounds up to the best, where it stopped there."""
    if not isinstance(made, dict):
        return None
    best = min((len(v) for v in made.values() if isinstance(v, list)), default=0)
    return best if 0 < best < rounds else None
