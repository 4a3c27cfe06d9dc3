"""A plan: plain data, there and back through YAML; what it cannot be is told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wellfit.core.errors import BadSetting, UnknownName
from wellfit.core.plan import Change, Plan
from wellfit.remedies.plans import acts, parse_plan, read_plan, remedy_of

numbers = st.floats(1e-12, 1e12, allow_nan=False)
changes = st.one_of(
    st.builds(
        lambda f: Change(change="lower-learning-rate", params={"factor": f}),
        st.floats(1e-9, 0.999),
    ),
    st.builds(
        lambda f: Change(change="raise-learning-rate", params={"factor": 1 + f}),
        st.floats(1e-6, 1e9),
    ),
    st.builds(lambda n: Change(change="clip-gradients", params={"norm": n}), numbers),
)


@given(st.lists(changes, max_size=4))
def test_a_plan_comes_back_from_its_text_as_it_was(made):
    plan = Plan.of(*made)
    assert parse_plan(plan.to_yaml()) == plan
    assert [c.id for c in parse_plan(plan.to_yaml()).changes] == [
        one["id"] for one in plan.to_json()
    ]


@given(changes, changes)
def test_the_same_edit_has_the_same_id_and_counts_once(one, other):
    assert len(Plan.of(one, one).changes) == 1
    assert (one.id == other.id) == (one == other)


@pytest.mark.parametrize("name", sorted(acts()))
def test_every_remedy_goes_through_its_change_and_back(name):
    remedy = acts()[name]()
    assert remedy.name() == name
    assert remedy_of(remedy.change) == remedy
    assert parse_plan(Plan.of(remedy.change).to_yaml()).changes == (remedy.change,)


def test_what_is_left_out_is_the_usual(tmp_path):
    path = tmp_path / "plan.yaml"
    path.write_text("changes:\n  - change: clip-gradients\n")
    (found,) = read_plan(path).changes
    assert found == Change(change="clip-gradients", params={"norm": 1.0})
    assert parse_plan("changes: []") == Plan()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("changes: 3", r"line 1: changes must be a list"),
        ("version: 1", r"changes must be a list"),
        ("version: 9\nchanges: []", r"line 1: .* version 1; got 9"),
        ("chages: []", r"line 1: a plan has no key 'chages'; did you mean 'changes'"),
        ("changes:\n  - clip", r"line 2: a change names itself"),
        (
            "changes:\n  - change: clip-gradient",
            r"line 2: no change 'clip-gradient'; did you mean 'clip-gradients'",
        ),
        (
            "changes:\n  - change: clip-gradients\n    params: {nrm: 1}",
            r"clip-gradients has no 'nrm'; did you mean 'norm'",
        ),
        (
            "changes:\n  - change: clip-gradients\n    params: {norm: big}",
            r"norm of clip-gradients must be a number; got 'big'",
        ),
        (
            "changes:\n  - change: clip-gradients\n    params: {norm: true}",
            r"must be a number; got True",
        ),
        (
            "changes:\n  - change: clip-gradients\n    params: {norm: 0}",
            r"norm must be above 0; got 0",
        ),
        (
            "changes:\n  - change: lower-learning-rate\n    params: {factor: 2}",
            r"factor must be above 0 and below 1, to lower; got 2",
        ),
        (
            "changes:\n  - change: raise-learning-rate\n    params: {factor: 0.5}",
            r"factor must be above 1, to raise; got 0.5",
        ),
        (
            "changes:\n  - change: clip-gradients\n    params: [1]",
            r"params are keys with values",
        ),
        (
            "changes:\n  - {change: clip-gradients, parms: {}}",
            r"a plan has no key 'parms'; did you mean 'params'",
        ),
        ("changes: &a []", r"a plan has no anchors"),
        ("changes: !!python/name:os.system []", r"a plan has no tags"),
        ("[]", r"plan holds no plan: keys such as version and changes"),
        ("changes: [", r"this is not YAML"),
    ],
)
def test_what_a_plan_cannot_be_is_told_in_a_sentence(text, sentence):
    with pytest.raises(BadSetting, match=sentence) as told:
        parse_plan(text)
    assert "\n" not in str(told.value)


def test_a_plan_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BadSetting, match=r"plan\.yaml cannot be read"):
        read_plan(tmp_path / "plan.yaml")


def test_a_change_that_there_is_not_is_told():
    with pytest.raises(UnknownName, match="did you mean 'clip-gradients'"):
        remedy_of(Change(change="clip_gradients"))
