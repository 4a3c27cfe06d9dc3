"""Losses and what they are given, beside the same while it trains."""

import pytest
import torch

from tests.sources.scripts import HEAD, change, edited, losses_of

SCRIPT = (
    HEAD
    + """
k = (y.flatten() > 0).long()
b = k.float()[:, None]
net = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, {out}){end})
optimizer = torch.optim.SGD(net.parameters(), lr=0.3)
{made}
losses = []

def evaluate(rows, loss_of):
    with torch.no_grad():
        return loss_of(net(x[rows]), {target}[rows]).item()

for step in range(6):
    optimizer.zero_grad()
    loss = {loss}
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
{rest}
"""
)


def script(loss, *, made="", end="", out=2, target="k", rest=""):
    return SCRIPT.format(
        loss=loss, made=made, end=end, out=out, target=target, rest=rest
    )


CRITERION = {"made": "criterion = nn.CrossEntropyLoss()", "end": ", nn.Softmax(1)"}


@pytest.mark.parametrize(
    ("given", "code", "becomes"),
    [
        (
            "scores",
            script("F.nll_loss(net(x), k)"),
            "F.cross_entropy(net(x), k)",
        ),
        (
            "scores",
            script("nn.NLLLoss(reduction='mean')(net(x), k)"),
            "nn.CrossEntropyLoss(reduction='mean')(net(x), k)",
        ),
        (
            "scores",
            script("F.binary_cross_entropy(net(x).sigmoid(), b)", out=1),
            None,
        ),
        (
            "probabilities",
            script("criterion(net(x), k)", **CRITERION),
            "criterion(net(x).clamp_min(1e-07).log(), k)",
        ),
        (
            "probabilities",
            script("F.nll_loss(net(x), k)", end=", nn.Softmax(1)"),
            "F.nll_loss(net(x).clamp_min(1e-07).log(), k)",
        ),
        (
            "probabilities",
            script(
                "F.binary_cross_entropy_with_logits(net(x), b)",
                end=", nn.Sigmoid()",
                out=1,
            ),
            "with_logits(net(x).logit(1e-07), b)",
        ),
        (
            "broadcast",
            script("nn.MSELoss()(net(x), y[:, 0])", out=1),
            "nn.MSELoss()(net(x).reshape(y[:, 0].shape), y[:, 0])",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Using a target size")  # which is the fault
def test_a_loss_gets_what_it_is_made_for(given, code, becomes):
    fix = change("fix-output-loss", given=given)
    new, left = edited(code, fix)
    assert not left
    if becomes is None:  # scores that have been turned already: while it trains, twice
        assert "with_logits(net(x).sigmoid(), b)" in new
        return
    assert becomes in new
    assert torch.allclose(losses_of(new), losses_of(code, fix), rtol=1e-5)
    assert not torch.allclose(losses_of(new), losses_of(code), rtol=1e-5)
    assert edited(new, fix)[0] == new


def test_a_loss_is_found_where_it_is_given_to_a_function():
    code = script(
        "criterion(net(x), k)",
        rest="print(evaluate(torch.arange(9), criterion))",
        **CRITERION,
    )
    new, _ = edited(code, change("fix-output-loss", given="probabilities"))
    assert "loss_of(net(x[rows]).clamp_min(1e-07).log(), k[rows])" in new


@pytest.mark.parametrize(
    ("given", "code", "why"),
    [
        ("scores", script("F.cross_entropy(net(x), k)"), "names no loss"),
        ("probabilities", script("F.mse_loss(net(x), y)", out=1), "calls no loss"),
        (
            "probabilities",
            script("wrapped(net(x), k)", made="wrapped = wrap(nn.NLLLoss())"),
            "not seen where",
        ),
        ("broadcast", script("F.mse_loss(net(x), draw())", out=1), "no plain targets"),
    ],
)
def test_what_is_not_sure_is_left(given, code, why):
    fix = change("fix-output-loss", given=given)
    new, left = edited(code, fix)
    assert new == code
    assert why in left[fix.id]
