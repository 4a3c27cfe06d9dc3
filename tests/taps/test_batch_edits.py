"""Changes of what makes a step, beside the same training written by hand."""

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, SequentialSampler, TensorDataset

from tests.taps.test_changes import changed
from tests.taps.test_edits import change, network, rows

F = nn.functional


def loader(size, **options):
    order = torch.Generator().manual_seed(0)
    data = TensorDataset(*rows())
    return DataLoader(data, batch_size=size, generator=order, **options)


def losses(batches, net=None, epochs=2):
    net = net or network()
    optimizer, found = torch.optim.SGD(net.parameters(), lr=0.1), []
    for _ in range(epochs):
        for x, y in batches:
            optimizer.zero_grad()
            loss = F.mse_loss(net(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        net.eval()
        sizes = [len(x) for x, _ in loader(8)]
        assert sizes == [8] * 4  # of an evaluation, but for gradients
        net.train()
    return found


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(("factor", "size"), [(2.0, 16), (0.25, 2), (100.0, 32)])
def test_batches_are_resized(factor, size, shuffle):
    expected = losses(loader(size, shuffle=shuffle))
    with changed(change("resize-batch", factor=factor)) as kept:
        batches = loader(8, shuffle=shuffle)
        if shuffle:
            assert len(batches) == 32 // size
            assert batches.batch_size == size
        assert losses(batches) == expected
    assert kept.facts["plan"]["without_effect"] == {}


def test_batches_cut_by_hand_stay_and_that_is_said():
    class Own(SequentialSampler):
        def __iter__(self):
            yield [0, 1, 2]
            yield [3, 4]

    one = change("resize-batch")
    own = DataLoader(TensorDataset(*rows()), batch_sampler=Own(range(5)))
    with changed(one) as kept:
        assert len(losses(own)) == 4
        losses([rows(count=3)])
    why = kept.facts["plan"]["without_effect"][one.id]
    assert "a script that cuts them by hand is to be edited by hand" in why


def summed(batches, count, make, *, clip=None):
    """By hand: a step of the mean gradient of so many batches."""
    net = network()
    optimizer = make(net.parameters())
    for place, (x, y) in enumerate(batches, start=1):
        (F.mse_loss(net(x), y) / count).backward()
        if place % count == 0:
            if clip:
                nn.utils.clip_grad_norm_(net.parameters(), clip)
            optimizer.step()
            optimizer.zero_grad()
    return net


def stepped(batches, make, order):
    """A script that takes a step of each batch."""
    net = network()
    optimizer = make(net.parameters())

    def forget():
        for parameter in net.parameters():
            parameter.grad = None

    clear = {"by hand": forget, "of the model": net.zero_grad}
    zero = clear.get(order, optimizer.zero_grad)
    for x, y in batches:
        if order == "first":
            zero()
        loss = F.mse_loss(net(x), y)
        if order == "before backward":
            zero()
        loss.backward()
        optimizer.step()
        if order not in ("first", "before backward"):
            zero()
    return net


ORDERS = ["first", "before backward", "last", "by hand", "of the model"]
MAKERS = {
    "sgd": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda p: torch.optim.Adam(p, lr=0.01),
}


def close(one, other):
    for mine, yours in zip(one.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(mine, yours, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("order", ORDERS)
def test_gradients_of_several_batches_make_a_step(order, make):
    batches = [*loader(4), *loader(4), *loader(4)]
    expected = summed(batches, 4, MAKERS[make])
    with changed(change("accumulate-gradients", batches=4)):
        found = stepped(batches, MAKERS[make], order)
    close(found, expected)


def test_their_mean_is_what_is_clipped_and_stepped_by_another_optimizer():
    batches = [*loader(4), *loader(4)]
    plan = (
        change("switch-optimizer", to="adam", rate=0.01),
        change("accumulate-gradients", batches=3),
        change("clip-gradients", norm=0.1),
    )
    expected = summed(batches, 3, MAKERS["adam"], clip=0.1)
    with changed(*plan):
        found = stepped(batches, MAKERS["sgd"], "first")
    close(found, expected)


def test_a_step_that_is_left_out_leaves_gradients_as_they_are():
    net, (x, y) = network(), rows()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    before = [p.detach().clone() for p in net.parameters()]
    with changed(change("accumulate-gradients", batches=2)):
        F.mse_loss(net(x), y).backward()
        own = [p.grad.clone() for p in net.parameters()]
        optimizer.step()
    assert all(
        torch.equal(p.grad, g) for p, g in zip(net.parameters(), own, strict=True)
    )
    assert all(map(torch.equal, net.parameters(), before))
