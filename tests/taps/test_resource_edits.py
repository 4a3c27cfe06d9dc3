"""Precision, gates, pruning, checkpoints and penalties, beside the same by hand."""

import copy
import io

import pytest
import torch
from torch import nn

from tests.taps.test_changes import changed
from tests.taps.test_edits import STEPS, change, network, rows, same, trained
from wellfit.core.finding import Finding, Severity
from wellfit.core.run import Run
from wellfit.remedies.plans import acts
from wellfit.taps.torch.edits import precision
from wellfit.taps.torch.edits.recurrence import Gated

FINDING = Finding(
    rule="vanishing-gradients", severity=Severity.WARNING, confidence=1.0, summary="1"
)


class Halved(nn.Module):
    """The network in 16 bits, as a person writes it."""

    def __init__(self):
        super().__init__()
        self.net = network()

    def forward(self, x):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return self.net(x).float()


def test_training_passes_are_in_16_bits_where_they_pay(monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_pays", lambda model: True)
    x, _ = rows()
    _, expected = trained(Halved())
    with changed(change("mixed-precision")) as kept:
        net, found = trained(network())
        with torch.no_grad():
            assert torch.equal(net(x), copy.deepcopy(net)(x))
            held = net(x)
        assert net(x).dtype == torch.float32
    assert found == expected
    assert found != trained(network())[1]
    bare = network()
    bare.load_state_dict(net.state_dict())
    assert torch.equal(held, bare(x))  # evaluations are in 32 bits
    assert kept.facts["plan"]["without_effect"] == {}


def test_where_16_bits_do_not_pay_all_stays(monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_pays", lambda model: False)
    one = change("mixed-precision")
    with changed(one) as kept:
        found, _ = trained(network())
    assert same(found, trained(network())[0])
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


def test_whether_16_bits_pay_is_timed(monkeypatch):
    times = {torch.float32: 1.0, torch.bfloat16: 0.5}
    monkeypatch.setattr(precision, "_seconds", lambda layer, dtype: times[dtype])
    known = torch.ops.mkldnn._is_mkldnn_bf16_supported()
    assert precision.bfloat16_pays(network()) is known
    times[torch.bfloat16] = 0.95
    assert not precision.bfloat16_pays(network())
    assert not precision.bfloat16_pays(nn.Embedding(3, 3))


class Recurrent(nn.Module):
    def __init__(self, kind=nn.RNN, **more):
        super().__init__()
        torch.manual_seed(0)
        self.turn = kind(3, 5, batch_first=True, **more)
        self.last = nn.Linear(self.turn.num_layers * 5, 1)

    def forward(self, x):
        outputs, states = self.turn(x)
        if isinstance(states, tuple):
            states = states[0]
        return self.last(states.movedim(0, 1).flatten(1)) + outputs.sum() * 0


def sequences():
    x, y = rows(columns=12)
    return x.view(32, 4, 3), y


@pytest.mark.parametrize(("kind", "layer"), [("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_gated_layers_take_the_place_of_plain_ones(kind, layer):
    with changed(change("gate-recurrence", kind=kind)) as kept:
        net = Recurrent(num_layers=2)
        first = torch.rand(3)
        net(sequences()[0])
        begun = copy.deepcopy(net.state_dict())
        net, found = trained(net, data=sequences())
    by_hand = Recurrent(layer, num_layers=2)
    by_hand.load_state_dict(begun)
    _, expected = trained(by_hand, data=sequences())
    assert found == pytest.approx(expected, rel=1e-5)
    assert isinstance(net.turn, layer)
    assert kept.facts["plan"]["without_effect"] == {}
    Recurrent(num_layers=2)
    assert torch.equal(first, torch.rand(3))  # the script's own numbers
    with changed(change("gate-recurrence", kind=kind)):
        again = Recurrent(num_layers=2)
        again(sequences()[0])
    assert torch.equal(again.turn.weight_hh_l1, begun["turn.weight_hh_l1"])


def test_a_gated_layer_is_called_as_a_plain_one():
    x, start = torch.randn(2, 4, 3), torch.randn(2, 2, 5)
    torch.manual_seed(0)
    gated = Gated(3, 5, batch_first=True, bidirectional=True)
    torch.manual_seed(0)
    usual = nn.LSTM(3, 5, batch_first=True, bidirectional=True)
    outputs, states = gated(x, start)
    expected, (last, _) = usual(x, (start, torch.zeros(2, 2, 5)))
    assert torch.equal(outputs, expected)
    assert torch.equal(states, last)
    assert torch.equal(gated(x)[0], usual(x)[0])


def test_a_cell_becomes_a_gated_one():
    class Stepping(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.RNNCell(3, 5)

        def forward(self, x):
            state = None
            for one in x.unbind(1):
                state = self.cell(one, state)
            return state

    with changed(change("gate-recurrence", kind="gru")):
        net = Stepping()
        assert net(sequences()[0]).shape == (32, 5)
    assert isinstance(net.cell, nn.GRUCell)


def test_where_nothing_is_recurrent_nothing_is_gated():
    one = change("gate-recurrence", kind="lstm")
    with changed(one) as kept:
        trained(network())
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]
    facts = {"model": {"layers": [{"name": "0", "kind": "Linear"}]}}
    assert acts()["gate-recurrence"].proposals(Run.of(facts=facts), FINDING) == ()
    facts["model"]["layers"].append({"name": "1", "kind": "RNN"})
    found = acts()["gate-recurrence"].proposals(Run.of(facts=facts), FINDING)
    assert [one.kind for one in found] == ["gru", "lstm"]


def test_the_smallest_weights_are_held_at_zero():
    net, masks = network(), []

    def prune():
        matrices = [p for p in net.parameters() if p.ndim > 1]
        if not masks:
            masks.extend(
                p.abs() > p.abs().flatten().kthvalue(p.numel() // 4).values
                for p in matrices
            )
        for matrix, mask in zip(matrices, masks, strict=True):
            matrix.mul_(mask)

    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    x, y = rows()
    for step in range(STEPS):
        optimizer.zero_grad()
        nn.functional.mse_loss(net(x), y).backward()
        optimizer.step()
        if step >= 5 - 1:
            with torch.no_grad():
                prune()
    with changed(change("prune-weights", share=0.25, begin=5)) as kept:
        other = network()
        own = torch.optim.SGD(other.parameters(), lr=0.1, momentum=0.9)
        found, _ = trained(other, optimizer=own)
    assert same(found, net)
    assert (found[2].weight == 0).sum() == 16
    assert found[2].bias.all()
    assert kept.facts["plan"]["without_effect"] == {}


def test_pruning_begins_halfway():
    found = acts()["prune-weights"].proposals(
        Run.of(facts={"training": {"steps": 500}}), FINDING
    )
    assert [(one.share, one.begin) for one in found] == [(0.5, 250), (0.8, 250)]
    assert acts()["prune-weights"].proposals(Run.of(), FINDING) == ()


def normed():
    torch.manual_seed(0)
    middle = [
        m
        for _ in range(3)
        for m in (nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3))
    ]
    return nn.Sequential(nn.Linear(4, 8), *middle, nn.Linear(8, 1))


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        whole = normed()
        blocks = [whole[start : start + 4] for start in (1, 5, 9)]
        self.first, self.last = whole[0], whole[13]
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.last(x)


@pytest.mark.parametrize("make", [normed, Listed])
def test_what_is_computed_again_learns_the_same(make):
    passes, hooks = [], []

    def counted(net):
        layer = next(m for m in net.modules() if isinstance(m, nn.BatchNorm1d))
        hooks.append(layer.register_forward_hook(lambda *_: passes.append(1)))
        return net

    expected, losses = trained(counted(make()))
    assert len(passes) == STEPS
    with changed(change("checkpoint-activations")) as kept:
        found, again = trained(counted(make()))
    assert len(passes) > 2.5 * STEPS  # twice a step, but for the first of a root
    assert again == losses
    assert same(found, expected)
    states = zip(found.buffers(), expected.buffers(), strict=True)
    assert all(torch.equal(a, b) for a, b in states)
    assert kept.facts["plan"]["without_effect"] == {}
    for hook in hooks:
        hook.remove()  # which no file can hold
    file = io.BytesIO()
    torch.save(found.eval(), file)
    file.seek(0)
    saved = torch.load(file, weights_only=False)
    assert torch.equal(saved(rows()[0]), found(rows()[0]))
    assert torch.equal(copy.deepcopy(found)(rows()[0]), found(rows()[0]))


def test_what_is_short_is_kept():
    one = change("checkpoint-activations")
    with changed(one) as kept:
        trained(nn.Sequential(nn.Linear(4, 1)))
    assert list(kept.facts["plan"]["without_effect"]) == [one.id]


@pytest.mark.parametrize(("kind", "share"), [("l1", 1.0), ("elastic", 0.5)])
def test_weights_end_at_zero(kind, share):
    expected, (x, y) = network(), rows()
    matrices = [p for p in expected.parameters() if p.ndim > 1]
    optimizer = torch.optim.SGD(expected.parameters(), lr=0.1)
    for _ in range(STEPS):
        optimizer.zero_grad()
        nn.functional.mse_loss(expected(x), y).backward()
        with torch.no_grad():
            for weight in matrices:
                weight.mul_(1 - 0.1 * 0.5 * (1 - share))
        optimizer.step()
        with torch.no_grad():
            for weight in matrices:
                less = (weight.abs() - 0.1 * 0.5 * share).clamp_min(0)
                weight.copy_(weight.sign() * less)
    with changed(change("penalize-weights", decay=0.5, kind=kind)):
        found, _ = trained(network())
    for one, other in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert (found[2].weight == 0).any()
