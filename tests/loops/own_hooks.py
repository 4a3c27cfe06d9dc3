"""Hooks of the user's own, of every kind, and a profiler beside them."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.modules.module import register_module_forward_hook
from torch.optim.optimizer import register_optimizer_step_pre_hook

torch.manual_seed(24)
torch.set_num_threads(1)

x = torch.randn(128, 6)
y = x[:, :3].argmax(1)
model = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 3))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
told = []


def halve_in_place(parameter):
    parameter.grad.mul_(0.5)


handles = [
    model[0].register_forward_pre_hook(lambda m, args: (args[0] * 1.01,)),
    model[1].register_forward_hook(lambda m, args, out: out + 0.01),
    model[2].register_full_backward_hook(lambda m, gi, go: (gi[0] * 0.99,)),
    model[0].weight.register_hook(lambda gradient: gradient * 0.5),
    model[2].weight.register_post_accumulate_grad_hook(halve_in_place),
    optimizer.register_step_pre_hook(lambda o, args, kwargs: told.append("before")),
    optimizer.register_step_post_hook(lambda o, args, kwargs: told.append("after")),
    register_module_forward_hook(lambda m, args, out: told.append(type(m).__name__)),
    register_optimizer_step_pre_hook(lambda o, args, kwargs: told.append("global")),
]


def epochs(count):
    for _ in range(count):
        for rows in torch.randperm(128).split(16):
            loss = F.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            print("loss", repr(loss.item()))


epochs(3)
with torch.profiler.profile(record_shapes=True):
    epochs(2)
for handle in handles:
    handle.remove()
epochs(2)
print(len(told), told[:12], told[-1])
