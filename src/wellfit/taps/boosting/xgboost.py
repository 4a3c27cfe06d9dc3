"""The XGBoost tap: `train`, `cv`, the scikit-learn interface, and loops by hand.

All of them come to `Booster.update` (or `boost`), and evaluate with `eval_set`. What
they return is looked at; nothing is evaluated but what was asked for, save for what
the budget allows: predictions, which XGBoost keeps from round to round.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
import xgboost
from xgboost import Booster, DMatrix, QuantileDMatrix

from wellfit.taps.boosting.machine import Settings
from wellfit.taps.boosting.metrics import Result
from wellfit.taps.boosting.objectives import objective
from wellfit.taps.boosting.scores import Floats, Seen
from wellfit.taps.boosting.trainings import INTERFACES, Trainings
from wellfit.taps.boosting.trees import Tree, from_xgboost
from wellfit.taps.boosting.wrap import around, followed, once, preceded
from wellfit.taps.patches import Patches
from wellfit.taps.tap import Guard, Records, enter, leave

RATES = ("learning_rate", "eta")
MOST = 5_000_000  # rows times classes that are predicted for a look
MARGINS = ("multi:softmax", "binary:logitraw")  # whose predictions are no shares


class XGBoostTap:
    """Watches the XGBoost trainings of this process, from `attach` to `finish`."""

    framework = "xgboost"

    def __init__(
        self, records: Records, *, overhead: float = 0.02, every: int | None = None
    ) -> None:
        self.records = records
        self._guard = Guard(self)
        self._patches = Patches()
        self._machines: WeakKeyDictionary[Any, Machine] = WeakKeyDictionary()
        self._trainings = Trainings(
            self, records, self._machine, overhead=overhead, every=every
        )

    @property
    def step(self) -> int:
        """Rounds done."""
        return self._trainings.step

    def attach(self) -> None:
        """Begin to watch."""
        guard, seen = self._guard, self._trainings
        replace = self._patches.replace
        for kind in (DMatrix, QuantileDMatrix):
            replace(kind, "__init__", followed(guard(_made(seen.met))))
        for name in INTERFACES:
            original = getattr(xgboost, name)
            begin = guard(partial(seen.begin, name))
            make = once(around(begin, guard(self._ended)))
            for owner in _owners(name, original):
                replace(owner, name, make)
        replace(Booster, "update", followed(guard(self._updated)))
        replace(Booster, "boost", followed(guard(self._boosted)))
        replace(Booster, "eval_set", followed(guard(self._evaluated)))
        replace(Booster, "set_param", followed(guard(self._set)))
        replace(Booster, "reset", preceded(guard(seen.leaving)))
        self._guard.on = True
        enter(self)

    def join(self, interface: str) -> None:
        """`train` or `cv` is under way in this thread."""
        self._guard(self._trainings.begin)(interface)

    def detach(self) -> None:
        """Stop watching; nothing of the tap's stays behind in XGBoost."""
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

    def _machine(self, booster: Any) -> "Machine":
        if booster not in self._machines:
            self._machines[booster] = Machine(booster)
        return self._machines[booster]

    def _updated(
        self, _: Any, booster: Any, dtrain: Any, iteration: Any, fobj: Any = None
    ) -> None:
        if fobj is None:  # else `boost` was called within, and told of the round
            self._round(booster, dtrain)

    def _boosted(
        self, _: Any, booster: Any, dtrain: Any, *args: Any, **kw: Any
    ) -> None:
        self._machine(booster).custom = True
        self._round(booster, dtrain)

    def _round(self, booster: Any, dtrain: Any) -> None:
        self._machine(booster).trained_on(dtrain)
        self._trainings.updated(booster, dtrain)

    def _set(self, _: Any, booster: Any, params: Any, value: Any = None) -> None:
        self._machine(booster).set(params, value)

    def _evaluated(
        self, said: Any, booster: Any, evals: Any, *args: Any, **kwargs: Any
    ) -> None:
        machine = self._machine(booster)
        places = {name: machine.place(data) for data, name in evals}
        for name, found in _by_data_set(said).items():
            self._trainings.evaluated(booster, places[name], name, found)

    def _ended(self, made: Any) -> None:
        self._trainings.end(partial(_cut, made))


class Machine:
    """An XGBoost booster, as it is recorded; neither it nor its data are held."""

    def __init__(self, booster: Any) -> None:
        self._booster = ref(booster)
        self.custom = False  # the objective is one of the script's own
        self._sets: list[Any] = []  # references to data sets, by place
        self._rate: float | None = None
        self._objective: str | None = None

    # -- what the tap tells --------------------------------------------------------

    def trained_on(self, dtrain: Any) -> None:
        """It did a round on these data."""
        if not self._sets or self._sets[0]() is not dtrain:
            self._sets[:1] = [ref(dtrain)]

    def place(self, data: Any) -> int:
        """0 for the data that are trained on, then 1, 2, … in the order given."""
        for place, known in enumerate(self._sets):
            if known() is data:
                return place
        self._sets.append(ref(data))
        return len(self._sets) - 1

    def set(self, params: Any, value: Any) -> None:
        """Parameters were set: of these, the learning rate is followed."""
        pairs = params.items() if isinstance(params, Mapping) else params
        if isinstance(params, str):
            pairs = [(params, value)]
        for name, given in pairs:
            if name in RATES and given is not None:
                self._rate = float(given)

    # -- what it is asked ----------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether it is still there."""
        return self._booster() is not None

    def settings(self) -> Settings:
        """What it was made with."""
        booster = self._there()
        learner = json.loads(booster.save_config())["learner"]
        model, boosting = learner["learner_model_param"], learner["gradient_booster"]
        tree = boosting.get("gbtree", boosting).get("tree_train_param", {})
        name = "custom" if self.custom else learner["objective"]["name"]
        self._objective = name
        classes = int(model.get("num_class", 0))
        if self._rate is None and "eta" in tree:
            self._rate = float(tree["eta"])
        return Settings(
            booster=boosting["name"],
            objective=objective(name, classes=classes or None),
            features=booster.num_features(),
            before=booster.num_boosted_rounds() - 1,
            parameters={k: _plain(v) for k, v in tree.items() if k not in RATES},
            seed=int(learner["generic_param"].get("seed", 0)),
        )

    def rate(self) -> float | None:
        """The learning rate in force."""
        return self._rate

    def targets(self) -> tuple[Floats, Floats | None] | None:
        """The training set's targets and weights."""
        data = self._sets[0]()
        return None if data is None else _fields(data)

    def see(self, place: int) -> Seen | None:
        """Predictions of a data set, made as an evaluation makes them."""
        data = self._sets[place]() if place < len(self._sets) else None
        told = None if data is None else _fields(data)
        if told is None or len(told[0]) > MOST:
            return None
        margin = self._objective in MARGINS
        predicted = np.asarray(
            self._there().predict(data, output_margin=margin), dtype=np.float64
        )
        return Seen(_shares(predicted) if margin else predicted, *told)

    def trees(self, first: int, count: int) -> list[Tree]:
        """The trees of so many rounds from that one on."""
        booster = self._there()
        return from_xgboost(booster[first : first + count].save_raw("json"))

    def rounds(self) -> int:
        """Rounds whose trees it has."""
        return int(self._there().num_boosted_rounds())

    def best(self) -> int | None:
        """The best round, where one was chosen."""
        best = self._there().attr("best_iteration")
        return None if best is None else int(best) + 1

    def importance(self) -> dict[str, dict[str, float]]:
        """Gain and number of splits, by feature."""
        score = self._there().get_score
        return {
            "gain": score(importance_type="total_gain"),
            "split": score(importance_type="weight"),
        }

    def _there(self) -> Any:
        booster = self._booster()
        assert booster is not None
        return booster


def _made(met: Callable[[Any, Any], None]) -> Callable[..., None]:
    def made(_: Any, data_set: Any, data: Any = None, *args: Any, **kw: Any) -> None:
        met(data_set, data)

    return made


def _owners(name: str, function: Any) -> Iterable[Any]:
    """The modules of XGBoost's that hold the function under its name."""
    modules = (xgboost, xgboost.training, getattr(xgboost, "sklearn", None))
    return [m for m in modules if getattr(m, name, None) is function]


def _by_data_set(said: str) -> dict[str, list[Result]]:
    """From `[0] train-rmse:1.2 val-rmse:1.3`; no data set's name has a `-`."""
    found: dict[str, list[Result]] = {}
    for part in said.split()[1:]:
        named, _, value = part.rpartition(":")
        name, _, metric = named.partition("-")
        found.setdefault(name, []).append(Result(metric, float(value)))
    return found


def _fields(data: Any) -> tuple[Floats, Floats | None] | None:
    """Targets and weights; None where a row has several targets, or none."""
    targets = np.asarray(data.get_label(), dtype=np.float64)
    weights = np.asarray(data.get_weight(), dtype=np.float64)
    if targets.size != data.num_row():
        return None
    return targets.reshape(-1), weights if len(weights) == len(targets) else None


def _shares(margins: Floats) -> Floats:
    """Softmax of several columns, the logistic function of one."""
    if margins.ndim == 1:
        shares: Floats = 1 / (1 + np.exp(-margins))
        return shares
    powers = np.exp(margins - margins.max(1, keepdims=True))
    softmax: Floats = powers / powers.sum(1, keepdims=True)
    return softmax


def _plain(text: str) -> Any:
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() and abs(number) < 1e9 else number


def _cut(made: Any, rounds: int) -> int | None:
    """Of what `cv` returned, the rounds up to the best, where it stopped there."""
    if made is None or isinstance(made, Booster):
        return None
    kept = len(made) if not isinstance(made, dict) else len(next(iter(made.values())))
    return kept if 0 < kept < rounds else None
