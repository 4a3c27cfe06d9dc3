"""`train` on every table at hand: a model that is saved and predicts, or a sentence."""

import os
from pathlib import Path

import pandas as pd
import pytest
import torch

from wellfit.core.errors import BadTable
from wellfit.verbs.predict import predict
from wellfit.verbs.train import train

HERE = Path(__file__).parent
DATA = Path(os.environ.get("WELLFIT_DATA") or HERE.parents[2] / "shared" / "data")

# File → the column to predict, and what else is asked.
TABLES = {
    "adult/adult-test.csv": ("column_15", {}),
    "adult/adult-train.csv": ("column_15", {}),
    "drift/elec.csv": ("class", {}),
    "drift/occupancy.csv": ("V4", {"time": "time"}),
    "drift/phishing.csv.gz": ("is_phishing", {}),
    "drift/run_log.csv": ("Pace", {}),
    "drift/sea_stream.csv": ("class", {}),
    "drift/segment.csv.zip": ("category", {}),
    "drift/shuttle.csv.gz": ("anomaly", {"metric": "auc"}),
    "house_ames/AmesHousing_full2930.csv": ("SalePrice", {}),
    "house_ames/kaggle_train.csv": ("SalePrice", {"metric": "mae"}),
    "house_california/housing.csv": ("median_house_value", {}),
    "imbalanced/abalone.csv": ("column_9", {}),
    "imbalanced/bank-additional.csv": ("y", {"metric": "auc"}),
    "imbalanced/banknote_authentication.csv": ("column_5", {}),
    "imbalanced/glass.csv": ("column_10", {}),
    "imbalanced/haberman.csv": ("column_4", {}),
    "imbalanced/mammography.csv": ("column_7", {}),
    "imbalanced/oil-spill.csv": ("column_50", {}),
    "imbalanced/phoneme.csv": ("column_6", {}),
    "imbalanced/pima-indians-diabetes.csv": ("column_9", {}),
    "imbalanced/sonar.csv": ("column_61", {}),
    "imbalanced/winequality-red.csv": ("column_12", {}),
    "imbalanced/winequality-white.csv": ("column_12", {"task": "regression"}),
    "imbalanced/yeast.data": ("class", {}),
    "messy/auto_imports.csv": ("column_26", {}),
    "messy/diamonds.csv": ("price", {}),
    "messy/horse-colic.csv": ("column_23", {}),
    "messy/mpg.csv": ("mpg", {}),
    "messy/penguins.csv": ("species", {}),
    "messy/seaborn_titanic.csv": ("survived", {"drop": ["alive"]}),
    "messy/titanic_train.csv": ("Survived", {}),
    "timeseries/ETTh1.csv": ("OT", {"time": "date"}),
    "timeseries/airline-passengers.csv": ("Passengers", {"time": "Month"}),
    "timeseries/daily-min-temperatures.csv": ("Temp", {}),
    "timeseries/pollution.csv": ("pm2.5", {"group": "month"}),
}
SENTENCES = {
    "messy/CORRUPT_all_0x55.csv": ("SalePrice", "the byte 0x55 451,405 times over"),
    "drift/banana.zip": ("column_1", "there is no column to learn from"),
    "text_chnsenticorp/dev.tsv": ("column_2", "there is no column to learn from"),
    "text_chnsenticorp/train.tsv": ("column_2", "there is no column to learn from"),
    "text_mr/rt-polarity.neg": ("column_2", "of a kind that wellfit does not read"),
    "text_mr/rt-polarity.pos": ("column_2", "of a kind that wellfit does not read"),
    "text_sst2/sent_dev.tsv": ("column_2", "there is no column to learn from"),
    "text_sst2/sent_test.tsv": ("column_2", "there is no column to learn from"),
    "text_sst2/sent_train.tsv": ("column_2", "there is no column to learn from"),
}
QUICK = (
    "drift/phishing.csv.gz",
    "imbalanced/yeast.data",
    "messy/penguins.csv",
)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def stored(name: str) -> Path:
    if not (DATA / name).exists():
        pytest.skip(f"{DATA / name} is not there")
    return DATA / name


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in TABLES
    ],
)
def test_every_table_becomes_a_model_that_predicts_the_same_once_loaded(name, tmp_path):
    path, (target, asked) = stored(name), TABLES[name]
    trained = train(path, target=target, budget=3, out=tmp_path / "run", **asked)
    said = trained.to_json()
    assert said["test"].keys() == said["trivial"].keys() != set()
    new = trained.predict(path)
    assert not new["prediction"].isna().any()
    pd.testing.assert_frame_equal(predict(tmp_path / "run", path), new)


@pytest.mark.parametrize("name", SENTENCES)
def test_what_is_no_table_to_learn_from_is_told_in_a_sentence(name, tmp_path):
    target, sentence = SENTENCES[name]
    path = stored(name)
    with pytest.raises(BadTable, match=sentence) as raised:
        train(path, target=target, budget=3, out=tmp_path / "run")
    assert "\n" not in str(raised.value)
