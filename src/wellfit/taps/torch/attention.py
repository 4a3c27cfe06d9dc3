"""How spread attention is: its entropy, at the steps that are sketched."""

import math
from typing import Any

import torch
from torch import Tensor

from wellfit.taps.patches import Patches
from wellfit.taps.torch.calm import compiling
from wellfit.taps.torch.layers import LayersLook
from wellfit.taps.torch.numbers import OnItsWay, send

HEADS, QUERIES, KEYS = 8, 16, 512  # of the first sample of a batch


class AttentionLook:
    """Looks at calls of `scaled_dot_product_attention` while it is open.

    Every attention of PyTorch's own, and of most libraries, ends in that function. Its
    weights are never made there, so a few of them are made here: of some queries of
    one sample. Told as the entropy over that of even attention, from 0 (one key takes
    all) to 1 (all alike), under the name of the layer that was called just before.
    """

    def __init__(self, layers: LayersLook) -> None:
        self._layers = layers
        self._patches = Patches()
        self._seen: dict[str, OnItsWay] = {}

    def open(self) -> None:
        """Begin to look."""
        functional = torch.nn.functional
        self._patches.replace(functional, "scaled_dot_product_attention", self._patch)

    def close(self) -> None:
        """End the look."""
        self._patches.restore()

    def found(self) -> dict[str, float]:
        """`attention_entropy`, by layer."""
        seen = {name: float(one.array()[0]) for name, one in self._seen.items()}
        return {
            f"attention_entropy@{n}": v for n, v in seen.items() if math.isfinite(v)
        }

    def _patch(self, original: Any) -> Any:
        def attend(query: Any, key: Any, *args: Any, **kwargs: Any) -> Any:
            given = original(query, key, *args, **kwargs)
            if not compiling() and torch.is_grad_enabled():
                try:
                    self._see(query, key, args, kwargs)
                except (
                    Exception
                ):  # a form that is not known here: nothing is told of it
                    self._seen.pop(self._name(), None)
            return given

        return attend

    def _name(self) -> str:
        return self._layers.latest or "attention"

    def _see(self, query: Tensor, key: Tensor, args: Any, kwargs: Any) -> None:
        name = self._name()
        if name in self._seen or query.ndim < 3 or kwargs.get("enable_gqa"):
            return
        named = {
            **dict(
                zip(
                    ("value", "attn_mask", "dropout_p", "is_causal"), args, strict=False
                )
            ),
            **kwargs,
        }
        q, k = (t.detach()[0].float() for t in (query, key))
        if q.ndim == 2:
            q, k = q[None], k[None]
        places = torch.arange(
            0, q.shape[-2], max(1, q.shape[-2] // QUERIES), device=q.device
        )
        q, k = q[:HEADS].index_select(-2, places), k[:HEADS, :KEYS]
        scale = named.get("scale") or q.shape[-1] ** -0.5
        logits = (q @ k.transpose(-1, -2)) * scale
        allowed = torch.ones(logits.shape[-2:], dtype=torch.bool, device=q.device)
        if named.get("is_causal"):
            allowed = places[:, None] >= torch.arange(k.shape[-2], device=q.device)
        mask = named.get("attn_mask")
        if mask is not None:
            part = mask.detach().expand(*query.shape[:-1], key.shape[-2])[0]
            part = part.reshape(-1, *part.shape[-2:])[: q.shape[0]]
            part = part.index_select(-2, places)[..., : k.shape[-2]]
            allowed = part if part.dtype == torch.bool else part > -1e4
            if part.dtype != torch.bool:
                logits = logits + part
        logits = logits.masked_fill(~allowed, float("-inf"))
        logs = logits.log_softmax(-1)
        entropy = -(logs.exp() * logs.masked_fill(~allowed, 0.0)).sum(-1)
        most = allowed.sum(-1).float().log().expand_as(entropy)
        usable = most > 0
        # A mask as an index would make the host wait for the device.
        shares = torch.where(usable, entropy / most, 0.0)
        told = (shares.sum() / usable.sum()).reshape(1)
        self._seen[name] = send(told)
