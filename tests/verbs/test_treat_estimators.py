"""Scripts with estimators are treated end to end: found, tried, and proven."""

import subprocess
import sys

import pytest

from wellfit import run, treat
from wellfit.core.plan import Change, Plan
from wellfit.core.verdict import Outcome
from wellfit.remedies.plans import read_plan

VECTORS = """
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split
from sklearn.svm import SVC
x, y = load_wine(return_X_y=True)
a, b, c, d = train_test_split(x, y, test_size=0.4, random_state=0)
print(SVC().fit(a, c).score(b, d))
"""
RARE = """
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split
rng = np.random.default_rng(0)
x = rng.normal(size=(1500, 4))
y = (x[:, 0] + rng.normal(0, 1, 1500) > 2.6).astype(int)
a, b, c, d = train_test_split(x, y, test_size=0.33, random_state=0)
model = LogisticRegression(C=0.02).fit(a, c)
print(accuracy_score(d, model.predict(b)))
"""
TREE = """
import numpy as np
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier
rng = np.random.default_rng(0)
x = rng.normal(size=(600, 10))
y = (x[:, 0] + x[:, 1] + rng.normal(0, 1.2, 600) > 0).astype(int)
a, b, c, d = train_test_split(x, y, test_size=0.33, random_state=0)
model = DecisionTreeClassifier(random_state=0).fit(a, c)
print(model.score(a, c), model.score(b, d))
print(roc_auc_score(d, model.predict_proba(b)[:, 1]))
"""
TREATED = {
    "vectors": (VECTORS, "val/accuracy", "unscaled-inputs", "standardize-inputs"),
    "rare": (RARE, "val/balanced_accuracy", "class-imbalance", None),
    "tree": (TREE, "val/log_loss", "overfitting", "shrink-model"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", TREATED)
def test_what_is_planted_is_found_and_what_helps_is_proven(tmp_path, name):
    text, metric, rule, remedy = TREATED[name]
    (tmp_path / "train.py").write_text(text)
    begun = []
    found = treat(
        tmp_path / "train.py",
        out=tmp_path / "out",
        budget="40m",
        on_begin=begun.append,
    )
    assert found.metric == metric
    assert rule in [f.rule for f in begun[0].findings]
    assert found.verdict.outcome is Outcome.BETTER
    assert found.verdict.effect.low > 0
    changes = [one.change for one in found.verdict.plan.changes]
    assert remedy is None or remedy in changes
    assert read_plan(tmp_path / "out" / "plan.yaml") == found.verdict.plan
    # Nothing was tried that is for trainings by gradients alone.
    tried = {c.change for v in found.tried for c in v.plan.changes}
    assert not tried & {"insert-normalization", "add-dropout", "reinitialize"}


def test_a_script_is_run_with_a_plan_and_says_what_had_no_effect(tmp_path):
    (tmp_path / "train.py").write_text(VECTORS)
    scale = Change(change="standardize-inputs")
    gaps = Change(change="impute-missing")
    found = run(
        tmp_path / "train.py",
        out=tmp_path / "out",
        plan=Plan.of(scale, gaps, Change(change="clip-gradients")),
    )
    assert found.signal("val/accuracy").values[-1] > 0.9  # 0.7 as it is
    told = found.facts["plan"]
    assert told["applied"]
    assert "no gaps" in told["without_effect"][gaps.id]
    assert scale.id not in told["without_effect"]
    assert len(told["without_effect"]) == 2


def test_a_line_in_a_script_does_the_same(tmp_path):
    gaps = Change(change="impute-missing")
    Plan.of(Change(change="standardize-inputs"), gaps).save(tmp_path / "p.yaml")
    text = "import wellfit\nwellfit.apply('p.yaml')\n" + VECTORS
    (tmp_path / "train.py").write_text(text.replace("print(", "for _ in 1, 2: print("))
    ran = subprocess.run(
        [sys.executable, "train.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    first, second = map(float, ran.stdout.split())
    assert first == second > 0.9
    assert ran.stderr.count("impute-missing() changes nothing: there are no gaps") == 1
