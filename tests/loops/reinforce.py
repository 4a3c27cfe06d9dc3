"""REINFORCE with a baseline on a small corridor; episodes of differing length."""

import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(31)
torch.set_num_threads(1)

policy = nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Linear(32, 2))
value = nn.Sequential(nn.Linear(7, 32), nn.ReLU(), nn.Linear(32, 1))
optimizer = torch.optim.Adam([*policy.parameters(), *value.parameters()], lr=5e-3)
places = torch.eye(7)
for episode in range(40):
    place, logs, values, rewards = 3, [], [], []
    for _ in range(20):
        actions = Categorical(logits=policy(places[place]))
        action = actions.sample()
        logs.append(actions.log_prob(action))
        values.append(value(places[place]).squeeze())
        place += 2 * int(action) - 1
        rewards.append(1.0 if place == 6 else -0.02)
        if place in {0, 6}:
            break
    returns, running = [], 0.0
    for reward in reversed(rewards):
        running = reward + 0.95 * running
        returns.insert(0, running)
    gained, guessed = torch.tensor(returns), torch.stack(values)
    advantage = gained - guessed.detach()
    of_policy = -(torch.stack(logs) * advantage).mean()
    of_value = nn.functional.mse_loss(guessed, gained)
    optimizer.zero_grad()
    (of_policy + 0.5 * of_value).backward()
    optimizer.step()
    print(episode, len(rewards), repr(of_policy.item()), repr(of_value.item()))
