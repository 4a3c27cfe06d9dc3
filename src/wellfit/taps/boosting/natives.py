"""Edits of a call of `train` or `cv`, XGBoost's or LightGBM's: parameters and rows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import log2
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wellfit.core.plan import Plan
from wellfit.remedies.plans import remedy_of
from wellfit.taps.estimators.effects import Effects
from wellfit.taps.estimators.given import Given, Unchanged

MADE = "columns and rows of a data set stay as it was made, before `train` is called"
RATE = ("learning_rate", "eta", "shrinkage_rate")
DEPTH = ("max_depth",)
LEAVES = ("num_leaves", "max_leaves", "num_leaf", "max_leaf_nodes")
ROUNDS = ("num_boost_round", "num_iterations", "n_estimators", "num_round", "n_iter")
L2 = ("reg_lambda", "lambda", "lambda_l2", "l2_regularization")
L1 = ("reg_alpha", "alpha", "lambda_l1", "l1_regularization")
PATIENCE = ("early_stopping_rounds", "early_stopping_round", "n_iter_no_change")
USUAL: dict[str, dict[tuple[str, ...], float]] = {
    "xgboost": {RATE: 0.3, DEPTH: 6, L2: 1.0},
    "lightgbm": {RATE: 0.1, LEAVES: 31, L2: 0.0},
}
CLASSES = ("binary", "multi", "cross_entropy", "softmax")  # that objectives begin with


@dataclass(kw_only=True, slots=True, eq=False)
class Call:
    """The arguments of a call that is about to be made; `after` is done behind it."""

    library: str
    interface: str
    params: dict[str, Any]
    data: Any
    more: dict[str, Any]
    after: list[Callable[[], None]] = field(default_factory=list)

    @property
    def rows(self) -> int:
        """How many are trained on."""
        return len(self.labels)

    @property
    def labels(self) -> NDArray[Any]:
        """The targets; of LightGBM's data also before they are binned."""
        return np.asarray(self.data.get_label())

    @property
    def weights(self) -> Any:
        """The weights of the rows, or None."""
        if self.library == "lightgbm":
            return self.data.weight
        known = self.data.get_weight()
        return known if len(known) else None

    def set_weights(self, weights: Any) -> None:
        """Others, or none."""
        if self.library == "lightgbm":
            self.data.weight = weights
            if self.data._handle is not None:  # else they are taken from there
                self.data.set_field("weight", weights)
            return
        self.data.set_weight(np.ones(self.rows) if weights is None else weights)

    @property
    def classifies(self) -> bool:
        """Whether classes are predicted, as far as the objective says so."""
        said = self.params.get("objective", self.params.get("application", ""))
        return isinstance(said, str) and said.startswith(CLASSES)

    def scale(
        self, names: tuple[str, ...], change: Callable[[Any], Any], lacking: str = ""
    ) -> None:
        """Change a parameter under whatever name it has, or the library's own value."""
        known = [n for n in names if self.params.get(n) is not None]
        usual = USUAL[self.library].get(names)
        if not known and (usual is None or usual == change(usual)):
            raise Unchanged(lacking or f"{names[0]} is not set")
        for name in known or names[:1]:
            self.params[name] = change(self.params.get(name, usual))


@dataclass(slots=True, eq=False)
class Asked:
    """The edits of a plan for such calls, and what became of each."""

    effects: Effects
    edits: list[tuple[str, Callable[[Call], None]]] = field(default_factory=list)

    @classmethod
    def of(cls, plan: Plan) -> "Asked":
        """What the remedies of a plan ask for."""
        asked = cls(Effects(plan))
        for one in plan.changes:
            asked.effects.applying = one.id
            remedy_of(one).refit(asked)
        return asked

    def edit(self, call: Call) -> None:
        """Edit a call."""
        for change, edit in self.edits:
            self.effects.make(change, edit, call)

    def _ask(self, edit: Callable[[Call], None]) -> None:
        self.edits.append((self.effects.applying, edit))

    # -- what remedies ask for -----------------------------------------------------

    def cannot(self, why: str) -> None:
        """The change is without effect."""
        self.effects.cannot(why)

    def standardize_columns(self) -> None:
        """Trees ask which value is greater, whatever the scale."""
        self.cannot(MADE)

    def impute_columns(self) -> None:
        """Columns stay."""
        self.cannot(MADE)

    def clip_columns(self, share: float) -> None:
        """Columns stay."""
        self.cannot(MADE)

    def drop_columns(self, names: Sequence[str]) -> None:
        """Columns stay."""
        self.cannot(MADE)

    def select_columns(self, share: float) -> None:
        """Columns stay."""
        self.cannot(MADE)

    def cross_columns(self) -> None:
        """Columns stay."""
        self.cannot(MADE)

    def drop_duplicates(self) -> None:
        """Rows stay."""
        self.cannot(MADE)

    def oversample(self, ratio: float) -> None:
        """Rows stay; weights do the same."""
        self.cannot(f"{MADE}: weight-classes does the same")

    def undersample(self, ratio: float) -> None:
        """Rows stay; weights do the same."""
        self.cannot(f"{MADE}: weight-classes does the same")

    def synthesize(self, ratio: float) -> None:
        """Rows stay."""
        self.cannot(MADE)

    def drop_noisy_labels(self) -> None:
        """Rows stay."""
        self.cannot(MADE)

    def correct_labels(self) -> None:
        """Labels stay."""
        self.cannot(MADE)

    def tune_threshold(self) -> None:
        """What is predicted are numbers, of which the script makes classes."""
        self.cannot("a booster predicts probabilities, of which a script makes classes")

    def weigh_classes(self) -> None:
        """Count each class as much as any other."""
        self._ask(weigh)

    def scale_rates(self, factor: float) -> None:
        """Take the learning rate times a factor."""
        self._ask(lambda call: call.scale(RATE, lambda rate: rate * factor))

    def train_longer(self, factor: float) -> None:
        """Take so many times as many rounds."""
        self._ask(partial(longer, factor=factor))

    def resize(self, factor: float) -> None:
        """Give each tree so many times as many leaves."""
        self._ask(partial(resize, factor=factor))

    def decay_weights(self, rate: float) -> None:
        """Add a penalty on the squares of what leaves say."""
        self._ask(lambda call: call.scale(L2, lambda old: old + rate * call.rows))

    def relax_penalties(self, factor: float) -> None:
        """Take every penalty times a factor."""
        self._ask(partial(relax, factor=factor))

    def stop_early(self, patience: int) -> None:
        """End after so many rounds that do not help rows that are held out."""
        self._ask(partial(stop, patience=patience))


def longer(call: Call, *, factor: float) -> None:
    """So many times as many rounds, wherever they are said."""
    if any(call.params.get(name) is not None for name in ROUNDS):
        call.scale(ROUNDS, lambda rounds: max(1, round(rounds * factor)))
        return
    usual = 10 if call.library == "xgboost" else 100
    rounds = call.more.get("num_boost_round", usual)
    call.more["num_boost_round"] = max(1, round(rounds * factor))


def resize(call: Call, *, factor: float) -> None:
    """So many times as many leaves, by depth or by number."""
    limits = DEPTH if call.library == "xgboost" else LEAVES
    if (call.params.get("max_depth") or 0) > 0 or limits is DEPTH:
        call.scale(DEPTH, lambda depth: max(1, round(depth + log2(factor))))
    if limits is LEAVES:
        call.scale(LEAVES, lambda leaves: max(2, round(leaves * factor)))


def relax(call: Call, *, factor: float) -> None:
    """Every penalty times a factor."""
    penalised = [n for n in (*L1, *L2) if call.params.get(n)]
    for name in penalised:
        call.params[name] *= factor
    if not any(name in L2 for name in penalised):
        try:
            call.scale(L2, lambda old: old * factor, "nothing in it penalises weights")
        except Unchanged:
            if not penalised:
                raise


def weigh(call: Call) -> None:
    """By weights of the rows, beside those that they have; put back afterwards."""
    if not call.classifies:
        raise Unchanged("no classes are predicted")
    labels, before = call.labels, call.weights
    _, where, counts = np.unique(labels, return_inverse=True, return_counts=True)
    even = (len(labels) / (len(counts) * counts))[where]
    call.set_weights(even if before is None else even * np.asarray(before))
    call.after.append(lambda: call.set_weights(before))


def stop(call: Call, *, patience: int) -> None:
    """By a tenth of the rows; of a cross-validation by those of each fold."""
    own = any(call.params.get(n) or call.more.get(n) for n in PATIENCE)
    if own:
        raise Unchanged("it stops early already")
    held = None if call.interface == "cv" else _held_out(call)
    callbacks = list(call.more.get("callbacks") or ())
    if call.library == "lightgbm":
        from lightgbm import early_stopping

        call.more["callbacks"] = [*callbacks, early_stopping(patience, verbose=False)]
        if held is not None:
            call.more["valid_sets"] = [*(call.more.get("valid_sets") or ()), held]
            names = call.more.get("valid_names")
            if names is not None:
                call.more["valid_names"] = [*names, "held out"]
        return
    if held is None:
        call.more["early_stopping_rounds"] = patience
        return
    from xgboost.callback import EarlyStopping

    best = EarlyStopping(rounds=patience, save_best=True)  # else all rounds predict
    call.more["callbacks"] = [*callbacks, best]
    call.more["evals"] = [*(call.more.get("evals") or ()), (held, "held_out")]


def _held_out(call: Call) -> Any:
    from wellfit.taps.estimators.stopping import places

    labels = call.labels
    given = Given(
        table=np.zeros((len(labels), 1)),
        targets=labels,
        names=("X", "y"),
        more={},
        classifies=call.classifies,
    )
    kept, held = places(given)
    data = call.data
    take = data.slice if call.library == "xgboost" else data.subset
    call.data, out = take(kept), take(held)
    return out
