"""Recipes of every kind, for properties."""

from dataclasses import replace

from hypothesis import strategies as st

from wellfit.core.choices import OPTIMIZERS, STAGES
from wellfit.core.recipe import (
    Augmentation,
    Categories,
    Data,
    EarlyStopping,
    Images,
    Loop,
    Model,
    Objective,
    Optimizer,
    Precision,
    Preparing,
    Recipe,
    Regularization,
    Splitting,
    Stage,
)

# Names of columns are whatever people have: quotes, hashes, numerals, any script.
NAMES = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1, max_size=12
).filter(lambda name: name != "y") | st.sampled_from(
    [
        "no",
        "1",
        "null",
        "a: b",
        "x # y",
        "'",
        '"',
        "\\",
        "-",
        "&a",
        "*a",
        "{",
        "é",
        "  ",
    ]
)
SENTENCES = st.lists(
    st.sampled_from(["12 of", "1,168", "#", "'so", '"', "large:", "×", "[tails]"]),
    min_size=1,
    max_size=40,
).map(" ".join)
SMALL = st.floats(1e-9, 0.9)


@st.composite
def splits(draw):
    by = draw(st.sampled_from(["random", "time", "group"]))
    return Splitting(
        by=by,
        column=None if by == "random" else draw(NAMES),
        validation=draw(st.floats(0.01, 0.4)),
        test=draw(st.floats(0, 0.4)),
        folds=draw(st.none() | st.integers(2, 10)),
    )


@st.composite
def data(draw):
    return Data(
        source=draw(NAMES),
        target="y",
        task="regression",
        kinds=draw(st.dictionaries(NAMES, st.sampled_from(["text", "date"]))),
        drop=tuple(draw(st.lists(NAMES, max_size=3))),
        split=draw(splits()),
        prepare=Preparing(
            scaling=draw(st.sampled_from(["none", "min-max", "z-score", "robust"])),
            imputation=draw(st.sampled_from(["mean", "iterative"])),
            categories=Categories(rare=draw(st.integers(1, 99))),
            images=draw(st.sampled_from([None, Images(side=32, channels=1)])),
            crosses=tuple(draw(st.lists(st.tuples(NAMES, NAMES), max_size=2))),
            polynomials=draw(st.dictionaries(NAMES, st.integers(2, 5), max_size=2)),
        ),
        augment=draw(
            st.sampled_from([(), (Augmentation(name="flip", params={"chance": 0.25}),)])
        ),
    )


@st.composite
def optimizers(draw):
    name = draw(st.sampled_from(list(OPTIMIZERS)))
    return Optimizer(
        name=name,
        lr=draw(SMALL),
        weight_decay=draw(st.floats(0, 1)),
        layer_rates=draw(st.dictionaries(NAMES, SMALL, max_size=2)),
        **OPTIMIZERS[name],
    )


@st.composite
def stages(draw):
    name = draw(st.sampled_from([n for n in STAGES if n != "piecewise"]))
    length = draw(st.sampled_from([{}, {"steps": 7}, {"epochs": 1.5}, {"share": 0.2}]))
    return Stage(name=name, **STAGES[name], **length)


@st.composite
def loops(draw):
    return Loop(
        epochs=draw(st.none() | st.integers(1, 999)),
        budget="20m",
        batch_size=draw(st.just("auto") | st.integers(8, 999)),
        accumulate=draw(st.integers(1, 8)),
        clip=draw(st.none() | SMALL),
        keep=draw(st.sampled_from([(), ("best",), ("best", "last", 3)])),
    )


@st.composite
def recipes(draw):
    own = draw(st.booleans())
    hidden = {"hidden": [8], "activation": "elu", "norm": "batch", "dropout": 0.0}
    made = Recipe(
        data=draw(data()),
        model=Model(name="nets:build", params={"a": [1, {"b": None}]})
        if own
        else Model(name="mlp", params=hidden),
        objective=Objective(name="huber", params={"delta": 1.5}, metric="mae"),
        optimizer=draw(optimizers()),
        schedule=tuple(draw(st.lists(stages(), max_size=4))),
        regularization=Regularization(
            l1=draw(SMALL), ema=draw(st.none() | SMALL), early_stopping=EarlyStopping()
        ),
        loop=draw(loops()),
        precision=Precision(dtype=draw(st.sampled_from(["auto", "bfloat16"]))),
        seed=draw(st.integers(0, 2**31 - 1)),
    )
    places = ["data", "data.source", "optimizer.lr", "seed", "loop"]
    return replace(
        made, reasons=draw(st.dictionaries(st.sampled_from(places), SENTENCES))
    )
