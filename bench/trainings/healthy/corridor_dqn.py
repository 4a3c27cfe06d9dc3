"""Q-learning with a target network in a corridor of twelve rooms."""

import random
from collections import deque

import torch
import torch.nn as nn

ROOMS, GOAL, GAMMA = 12, 11, 0.95
random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)


def encode(room):
    return torch.nn.functional.one_hot(torch.as_tensor(room), ROOMS).float()


def move(room, action):
    nxt = max(0, room - 1) if action == 0 else room + 1
    if random.random() < 0.1:
        nxt = room
    done = nxt == GOAL
    return nxt, (1.0 if done else -0.01), done


q_net = nn.Sequential(nn.Linear(ROOMS, 32), nn.ReLU(), nn.Linear(32, 2))
target_net = nn.Sequential(nn.Linear(ROOMS, 32), nn.ReLU(), nn.Linear(32, 2))
target_net.load_state_dict(q_net.state_dict())
optimizer = torch.optim.Adam(q_net.parameters(), lr=3e-3)
memory = deque(maxlen=3000)

steps = 0
lengths = []
for episode in range(80):
    room, done, length = 0, False, 0
    epsilon = max(0.05, 1.0 - episode / 40)
    while not done and length < 100:
        if random.random() < epsilon:
            action = random.randrange(2)
        else:
            with torch.no_grad():
                action = q_net(encode(room)).argmax().item()
        nxt, reward, done = move(room, action)
        memory.append((room, action, reward, nxt, done))
        room, length, steps = nxt, length + 1, steps + 1

        if len(memory) >= 200:
            s, a, r, s2, d = zip(*random.sample(memory, 64), strict=True)
            q = q_net(encode(s)).gather(1, torch.tensor(a)[:, None]).squeeze(1)
            with torch.no_grad():
                future = target_net(encode(s2)).max(1).values
                target = torch.tensor(r) + GAMMA * future * ~torch.tensor(d)
            loss = nn.functional.smooth_l1_loss(q, target)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if steps % 200 == 0:
            target_net.load_state_dict(q_net.state_dict())
    lengths.append(length)
    if episode % 10 == 9:
        print(f"episode {episode + 1} steps {sum(lengths[-10:]) / 10:.1f}")

q_net.eval()
total = 0
for _ in range(50):
    room, done, length = 0, False, 0
    while not done and length < 100:
        with torch.no_grad():
            room, _, done = move(room, q_net(encode(room)).argmax().item())
        length += 1
    total += length
print(f"greedy policy: {total / 50:.2f} steps to the goal")
