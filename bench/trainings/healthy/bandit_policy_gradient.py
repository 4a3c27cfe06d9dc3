"""REINFORCE on a contextual bandit: five arms, four contexts, noisy rewards."""

import argparse

import torch
from torch import nn
from torch.distributions import Categorical

PAYOFF = torch.tensor(
    [
        [0.1, 0.8, 0.2, 0.3, 0.1],
        [0.7, 0.2, 0.1, 0.3, 0.2],
        [0.2, 0.1, 0.3, 0.2, 0.9],
        [0.3, 0.2, 0.8, 0.1, 0.1],
    ]
)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(4, 24)
        self.actor = nn.Linear(24, 5)
        self.critic = nn.Linear(24, 1)

    def forward(self, context):
        h = torch.tanh(self.body(context))
        return Categorical(logits=self.actor(h)), self.critic(h).squeeze(-1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--updates", type=int, default=600)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    policy = Policy()
    optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
    average = 0.0
    for update in range(1, args.updates + 1):
        context = torch.randint(4, (64,))
        dist, value = policy(nn.functional.one_hot(context, 4).float())
        action = dist.sample()
        reward = torch.bernoulli(PAYOFF[context, action])
        advantage = reward - value
        actor_loss = -(dist.log_prob(action) * advantage.detach()).mean()
        critic_loss = advantage.pow(2).mean()
        loss = actor_loss + 0.5 * critic_loss - 0.01 * dist.entropy().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average = 0.95 * average + 0.05 * reward.mean().item()
        if update % 100 == 0:
            print(f"update {update} loss {loss.item():+.3f} reward {average:.4f}")


if __name__ == "__main__":
    main()
