"""A training that breaks, healed: beside the same one that never did, by hand."""

import copy
import json
import math

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from wellfit.core.plan import Change, Plan
from wellfit.taps.torch.changes import ChangesTap
from wellfit.taps.torch.edits.steps import StepEdits
from wellfit.taps.torch.healing import course

F = nn.functional
STEPS = 120
BREAK = 80


def healed(records, most=5, every=10, folder=None):
    plan = Plan.of(Change(change="roll-back", params={"most": most})).to_json()
    return ChangesTap(records, plan=plan, every=every, folder=folder)


def network():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Linear(32, 2)
    )


def batches(count=STEPS, seed=1):
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        x = torch.randn(32, 6, generator=generator)
        yield x, (x[:, 0] + x[:, 1] > 0).long()


OPTIMIZERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "adamw": lambda p: torch.optim.AdamW(p, lr=0.01),
    "adamw, fused": lambda p: torch.optim.AdamW(p, lr=0.01, fused=True),
    "rate in a tensor": lambda p: torch.optim.AdamW(p, lr=torch.tensor(0.01)),
    "adagrad": lambda p: torch.optim.Adagrad(p, lr=0.05),
}


def trained(
    records=None,
    *,
    spoil=None,
    make=OPTIMIZERS["adamw"],
    closure=False,
    steps=STEPS,
    **how,
):
    """The model and its losses; `spoil` is told each step, to break it."""
    net = network()
    optimizer = make(net.parameters())
    tap = None if records is None else healed(records, **how)
    if tap is not None:
        tap.attach()
    losses = []
    try:
        for step, (rows, y) in enumerate(batches(steps)):
            x = rows if spoil is None else spoil(step, rows, optimizer, net)

            def backward(x=x, y=y):
                optimizer.zero_grad()
                loss = F.cross_entropy(net(x), y)
                loss.backward()
                losses.append(loss.item())
                return loss

            if closure:
                optimizer.step(backward)
            else:
                backward()
                optimizer.step()
    finally:
        if tap is not None:
            tap.finish()
    return net, losses


def state_of(net):
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(one, other):
    pairs = zip(state_of(one).values(), state_of(other).values(), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


def told(said):
    return [(data["act"], step) for kind, step, data in said.events if kind != "note"]


def acts(said):
    return [act for act, _ in told(said)]


def score(net):
    net.eval()
    x, y = next(batches(1, seed=99))
    with torch.no_grad():
        return F.cross_entropy(net(x), y).item()


# -- healthy ---------------------------------------------------------------------------


@pytest.mark.parametrize("closure", [False, True], ids=["plain", "closure"])
@pytest.mark.parametrize("every", [1, None])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_healthy_training_is_the_same_bit_for_bit(said, optimizer, every, closure):
    how = {"make": OPTIMIZERS[optimizer], "closure": closure}
    bare, losses = trained(**how)
    net, found = trained(said, every=every, **how)
    assert found == losses
    assert same(net, bare)
    assert said.events == []
    assert said.facts["plan"]["without_effect"] == {}


def test_nothing_stays_behind(said):
    before = (
        torch.Tensor.backward,
        torch.amp.GradScaler.step,
        torch.amp.GradScaler.scale,
    )
    trained(said)
    after = (
        torch.Tensor.backward,
        torch.amp.GradScaler.step,
        torch.amp.GradScaler.scale,
    )
    assert after == before


# -- a batch ---------------------------------------------------------------------------


def nan_batch(step, x, *_):
    return x.index_fill(0, torch.tensor([3]), math.nan) if step == BREAK else x


@pytest.mark.parametrize("closure", [False, True], ids=["plain", "closure"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_batch_of_nan_is_passed_over_as_if_it_never_came(said, optimizer, closure):
    make = OPTIMIZERS[optimizer]
    net, _ = trained(said, spoil=nan_batch, make=make, closure=closure)
    sick, _ = trained(spoil=nan_batch, make=make, closure=closure)
    assert acts(said) == ["batch-skipped"]
    assert math.isnan(score(copy.deepcopy(sick)))

    by_hand = network()  # the same, without that batch
    optimizer_ = make(by_hand.parameters())
    for step, (x, y) in enumerate(batches()):
        if step != BREAK:
            optimizer_.zero_grad()
            F.cross_entropy(by_hand(x), y).backward()
            optimizer_.step()
    pairs = zip(net.parameters(), by_hand.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)
    assert all(torch.isfinite(b).all() for b in net.buffers() if b.is_floating_point())


def test_a_script_finds_zeros_where_gradients_were_not_finite(said):
    seen = []

    def spoil(step, x, _, net):
        if step == BREAK + 1:
            seen.extend(p.grad.abs().sum().item() for p in net.parameters())
        return nan_batch(step, x)

    trained(said, spoil=spoil)
    assert seen == [0.0] * 6


def test_statistics_that_a_batch_has_spoilt_are_put_back(said):
    def spoil(step, x, *_):
        return x * 1e30 if step == BREAK else x  # batch norm lets no loss see it

    net, losses = trained(said, spoil=spoil)
    assert all(map(math.isfinite, losses))
    assert acts(said) == ["buffers-restored"]
    assert score(net) < 0.3


# -- a training ------------------------------------------------------------------------


def high_rate(step, x, optimizer, *_):
    if step == BREAK:
        for group in optimizer.param_groups:
            group["lr"] = 50.0
    return x


def broken_weights(step, x, _, net):
    if step == BREAK:
        net[3].weight.data[0, 0] = math.nan
    return x


def far_weights(step, x, _, net):
    if step == BREAK:
        for weight in net.parameters():
            drawn = torch.Generator().manual_seed(2)
            weight.data += 1e3 * torch.randn(weight.shape, generator=drawn)
    return x


@pytest.mark.parametrize("closure", [False, True], ids=["plain", "closure"])
@pytest.mark.parametrize(
    ("optimizer", "spoil"),
    [("sgd", high_rate), ("adamw", broken_weights), ("adamw", far_weights)],
)
def test_a_training_that_broke_goes_back(said, optimizer, spoil, closure):
    how = {"make": OPTIMIZERS[optimizer], "spoil": spoil, "closure": closure}
    sick, _ = trained(**how)
    net, _ = trained(said, **how)
    ill, well = score(sick), score(net)
    assert math.isnan(ill) or ill > 3 * well
    assert well < 0.4
    assert "rolled-back" in acts(said)
    assert len(told(said)) <= 4
    [first] = [d for _, _, d in said.events if d["act"] == "rolled-back"][:1]
    assert first["back_to"] <= BREAK
    assert first["seen"]
    assert first["since"] >= BREAK


def test_what_is_put_back_is_what_was(said):
    """Weights, buffers and the state of the optimizer, all of that step."""
    kept = {}

    def spoil(step, x, optimizer, net):
        if step == BREAK:
            kept["net"], kept["optimizer"] = copy.deepcopy((net, optimizer))
            net[0].weight.data.fill_(math.nan)
        if step == BREAK + 1:
            kept["after"] = state_of(net)
            kept["moments"] = copy.deepcopy(optimizer.state_dict()["state"])
        return x

    trained(said, spoil=spoil, every=1)
    [(act, _)] = told(said)
    back_to = said.events[0][2]["back_to"]
    assert act == "rolled-back"
    # The state before step 70 is that which 70 whole steps have led to.
    by_hand = network()
    optimizer = OPTIMIZERS["adamw"](by_hand.parameters())
    for x, y in list(batches())[:back_to]:
        optimizer.zero_grad()
        F.cross_entropy(by_hand(x), y).backward()
        optimizer.step()
    weights = [n for n, _ in by_hand.named_parameters()]
    assert all(torch.equal(kept["after"][n], by_hand.state_dict()[n]) for n in weights)
    state = optimizer.state_dict()["state"]
    for place, moments in kept["moments"].items():
        for name, value in moments.items():
            assert torch.equal(value, state[place][name]), name


def test_after_so_many_times_it_is_left_alone(said):
    def spoil(step, x, _, net):
        if step >= BREAK:
            net[3].weight.data[0, 0] = math.nan
        return x

    net, _ = trained(said, spoil=spoil, most=2)
    assert acts(said) == ["rolled-back", "rolled-back", "left-alone"]
    assert "2 times" in said.events[-1][2]["done"]
    assert math.isnan(score(net))


def test_each_time_it_goes_on_with_more_care(said):
    def spoil(step, x, _, net):
        if step in (BREAK, BREAK + 3, BREAK + 6):
            net[3].weight.data[0, 0] = math.nan
        return x

    trained(said, spoil=spoil)
    back = [data for _, _, data in said.events]
    assert [one["rate_factor"] for one in back] == pytest.approx([1.0, 0.3, 0.09])
    steps = [one["back_to"] for one in back]
    assert steps == sorted(steps, reverse=True)
    assert steps[1] < steps[0]


def test_without_a_good_state_it_says_so(said):
    def spoil(step, x, _, net):
        if step == 0:
            net[3].weight.data[0, 0] = math.nan
        return x

    trained(said, spoil=spoil)
    assert acts(said) == ["left-alone"]
    assert "no state" in said.events[0][2]["done"]


@pytest.mark.parametrize(("leap", "kind"), [(course.LEAP, "explosion"), (99, "spike")])
def test_where_the_data_have_changed_it_is_put_forward_again(
    said, leap, kind, monkeypatch
):
    """No state from before is better on them: what was learnt since is not lost."""
    monkeypatch.setattr(course, "LEAP", leap)

    def spoil(step, x, optimizer, _):
        if step < 60:
            return x
        optimizer.param_groups[0]["lr"] = 1e-4
        return -x  # what was learnt is wrong from now on

    trained(said, spoil=spoil, make=OPTIMIZERS["sgd"], steps=150)
    assert acts(said)[:2] == ["rolled-back", "put-forward"]
    assert len(acts(said)) == 2
    assert said.events[0][2]["fault"] == kind
    assert "the data" in said.events[-1][2]["done"]


# -- how a bound is kept ---------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.5, torch.tensor(0.5)])
def test_rates_are_bounded_within_the_step_alone(rate):
    weight = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=rate)
    weight.grad = torch.ones(2)
    edits = StepEdits(bound=lambda _, own: own * 0.5)
    edits.before(optimizer)
    assert float(optimizer.param_groups[0]["lr"]) == 0.25
    edits.after(optimizer)
    assert optimizer.param_groups[0]["lr"] is rate


# -- several optimizers, scalers, accumulation -----------------------------------------


def test_two_optimizers_of_one_loss_pass_a_batch_over_together(said):
    net = network()
    one = torch.optim.SGD(net[0].parameters(), lr=0.1)
    two = torch.optim.AdamW([*net[1].parameters(), *net[3].parameters()], lr=0.01)
    tap = healed(said)
    tap.attach()
    for step, (rows, y) in enumerate(batches(100)):
        x = nan_batch(step, rows)
        one.zero_grad()
        two.zero_grad()
        F.cross_entropy(net(x), y).backward()
        before = state_of(net)
        one.step()
        two.step()
        if step == BREAK:
            names = [n for n, _ in net.named_parameters()]
            assert all(torch.equal(before[n], net.state_dict()[n]) for n in names)
    tap.finish()
    assert acts(said) == ["batch-skipped"]
    assert score(net) < 0.5


def test_opponents_go_back_together(said):
    torch.manual_seed(0)
    maker, judge = nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 1))
    opt_m = torch.optim.Adam(maker.parameters(), 1e-3)
    opt_j = torch.optim.Adam(judge.parameters(), 1e-3)
    tap = healed(said)
    tap.attach()
    for step in range(100):
        if step == BREAK:
            judge[0].weight.data.fill_(math.nan)
            known = maker.weight.detach().clone()
        real, fake = torch.randn(16, 2), maker(torch.randn(16, 2))
        opt_j.zero_grad()
        loss = F.softplus(judge(fake.detach())).mean() + F.softplus(-judge(real)).mean()
        loss.backward()
        opt_j.step()
        if step == BREAK:
            assert torch.isfinite(judge[0].weight).all()
            assert not torch.equal(maker.weight, known)  # it went back as well
        opt_m.zero_grad()
        F.softplus(-judge(fake)).mean().backward()
        opt_m.step()
    tap.finish()
    assert acts(said) == ["rolled-back"]


@pytest.mark.parametrize("parts", [2, 4])
def test_gradients_may_be_accumulated(said, parts):
    def run(records):
        net = network()
        optimizer = torch.optim.AdamW(net.parameters(), 0.01)
        tap = None if records is None else healed(records)
        if tap:
            tap.attach()
        losses = []
        for number, (rows, y) in enumerate(batches(60 * parts)):
            x = rows * math.nan if records and number == 50 * parts else rows
            loss = F.cross_entropy(net(x), y) / parts
            loss.backward()
            losses.append(loss.item())
            if number % parts == parts - 1:
                optimizer.step()
                optimizer.zero_grad()
        if tap:
            tap.finish()
        return net, losses

    _, bare = run(None)
    net, losses = run(said)
    assert losses[: 50 * parts] == bare[: 50 * parts]
    assert acts(said) == ["batch-skipped"]
    assert score(net) < 0.5


def scaled(records=None, *, spoil=None, scale=2.0**16, fused=False, steps=100):
    net = network()
    optimizer = torch.optim.AdamW(net.parameters(), 0.01, fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=scale)
    tap = None if records is None else healed(records)
    if tap:
        tap.attach()
    losses = []
    for step, (rows, y) in enumerate(batches(steps)):
        x = spoil(step, rows, optimizer, net) if spoil else rows
        optimizer.zero_grad()
        with torch.autocast("cpu", dtype=torch.float16):
            loss = F.cross_entropy(net(x), y)
        scaler.scale(loss).backward()
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    if tap:
        tap.finish()
    return net, losses, scaler


@pytest.mark.parametrize("fused", [False, True], ids=["plain", "fused"])
@pytest.mark.parametrize("scale", [2.0**16, 2.0**40])
def test_what_a_scaler_skips_is_no_fault(said, scale, fused):
    bare, losses, _ = scaled(scale=scale, fused=fused)
    net, found, _ = scaled(said, scale=scale, fused=fused)
    assert found == losses
    assert same(net, bare)
    assert said.events == []


def test_a_scale_that_has_collapsed_goes_back_with_the_weights(said):
    def spoil(step, x, _, net):
        if step == 40:
            net[3].weight.data.mul_(1e6)  # beyond what 16 bits hold
        return x

    _, losses, collapsed = scaled(spoil=spoil, steps=120)
    net, found, scaler = scaled(said, spoil=spoil, steps=120)
    assert not math.isfinite(losses[-1])
    assert collapsed.get_scale() < 1e-4
    assert acts(said) == ["rolled-back"]
    assert math.isfinite(found[-1])
    assert scaler.get_scale() > 1.0
    assert score(net) < 0.5


def test_several_processes_are_left_alone_and_it_is_said(said, monkeypatch):
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.distributed, "get_world_size", lambda: 2)
    sick, _ = trained(spoil=nan_batch)
    net, _ = trained(said, spoil=nan_batch)
    assert math.isnan(score(net))
    assert math.isnan(score(sick))
    assert said.events == []
    [why] = said.facts["plan"]["without_effect"].values()
    assert why.startswith("several processes train together")


# -- on disk ---------------------------------------------------------------------------


def test_the_last_good_state_is_in_the_run_folder(said, tmp_path):
    net, _ = trained(said, every=10, folder=tmp_path)
    place = tmp_path / "checkpoints" / "last-good"
    kept = json.loads((place / "state.json").read_text())
    tensors = load_file(place / "tensors.safetensors")
    again = network()
    named = {name: tensors[key] for key, name in kept["weights"].items()}
    assert set(named) == {n for n, _ in net.named_parameters()}
    again.load_state_dict(named, strict=False)
    assert kept["step"] == 100  # the one before the newest: it has stood the test
    assert score(again) < 0.5
    assert sum(name.startswith("optimizer.") for name in tensors) == 3 * len(named)
    assert {p.name for p in (tmp_path / "checkpoints").iterdir()} == {"last-good"}


def test_a_disk_that_takes_nothing_is_said_and_does_no_harm(said, tmp_path):
    (tmp_path / "checkpoints").write_text("in the way")
    _, losses = trained()
    _, found = trained(said, folder=tmp_path)
    assert found == losses
    [(kind, _, data)] = said.events
    assert kind == "note"
    assert data["text"].startswith("no good state is kept on disk")
