"""Whether a training is one of several processes."""

import torch

from wellfit.taps.torch.edits.ranks import together


def test_alone_and_with_others(monkeypatch):
    assert not together()
    monkeypatch.setattr(torch.distributed, "is_initialized", lambda: True)
    for count, expected in ((1, False), (2, True)):
        monkeypatch.setattr(torch.distributed, "get_world_size", lambda n=count: n)
        assert together() is expected
