"""A loop of one's own under Accelerate: accumulated, clipped, scheduled and logged."""

import torch
from accelerate import Accelerator
from accelerate.utils import set_seed
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def rows(n):
    x = torch.randn(n, 6)
    return TensorDataset(x, x[:, :1] * x[:, 1:2] + 0.1 * torch.randn(n, 1))


def main():
    torch.set_num_threads(1)
    set_seed(9)
    accelerator = Accelerator(cpu=True, gradient_accumulation_steps=3)
    model = nn.Sequential(nn.Linear(6, 24), nn.Tanh(), nn.Linear(24, 1))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    train, val = DataLoader(rows(144), 12, shuffle=True), DataLoader(rows(48), 24)
    model, optimizer, train, val, schedule = accelerator.prepare(
        model, optimizer, train, val, schedule
    )
    accelerator.init_trackers("ring")
    criterion = nn.MSELoss()
    for _ in range(3):
        model.train()
        for x, y in train:
            with accelerator.accumulate(model):
                loss = criterion(model(x), y)
                accelerator.backward(loss)
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                optimizer.zero_grad()
        model.eval()
        lost, away = [], []
        with torch.no_grad():
            for x, y in val:
                found, wanted = accelerator.gather_for_metrics((model(x), y))
                lost.append(criterion(found, wanted))
                away.append((found - wanted).abs().max())
        worst = torch.stack(away).max().item()
        mean = torch.stack(lost).mean().item()
        accelerator.log({"eval/loss": mean, "eval/worst": worst, "seen": loss.item()})
        accelerator.print(f"{mean:.6f} {worst:.6f}")
    accelerator.save_state("kept")
    accelerator.end_training()


if __name__ == "__main__":
    main()
