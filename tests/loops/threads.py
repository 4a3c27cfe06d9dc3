"""Two trainings in two threads of one process, a step each in turn."""

import threading

import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(35)
torch.set_num_threads(1)
turns = [threading.Semaphore(1), threading.Semaphore(0)]


def train(place, x, y):
    model, optimizer = models[place], optimizers[place]
    for _ in range(40):
        turns[place].acquire()
        loss = F.mse_loss(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(place, repr(loss.item()))
        turns[1 - place].release()


models = [nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 1)) for _ in range(2)]
optimizers = [torch.optim.Adam(m.parameters(), lr=1e-2) for m in models]
work = []
for place in range(2):
    x = torch.randn(64, 4)
    work.append(threading.Thread(target=train, args=(place, x, x.sum(1, keepdim=True))))
for thread in work:
    thread.start()
for thread in work:
    thread.join()
