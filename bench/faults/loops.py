"""Four ways to write the same training, as four people would.

Each is whole: what one of them does in a helper, another does in line, a third in a
class. Mistakes of the loop (gradients kept, modes mixed up) are made in each.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, Dataset, TensorDataset

from bench.faults.kit import (
    CHUNK,
    Outcome,
    Parts,
    Patience,
    augmented,
    batches,
    mean,
    predicted,
    trapped,
)
from bench.faults.setting import Setting

Tensors = tuple[Any, Any, Any, Any]  # x, y, and those to validate on


def loader(parts: Parts, s: Setting, rows: Tensors) -> Outcome:
    """A DataLoader, a criterion, and one loop, top to bottom."""
    x_train, y_train, x_val, y_val = rows
    train_loader = DataLoader(
        TensorDataset(x_train, y_train), batch_size=s.batch, shuffle=s.shuffle
    )
    val_loader = DataLoader(TensorDataset(x_val, y_val), batch_size=CHUNK)
    model, optimizer = parts.net, parts.optimizer
    patience, losses, step = Patience(s, model), [], 0
    outputs = torch.empty(0)
    for epoch in range(s.epochs):
        model.train(s.train_mode)
        if s.zeroed == "by-epoch":
            optimizer.zero_grad()
        for number, (inputs, targets) in enumerate(train_loader):
            if s.zeroed == "always" and number % s.accumulation == 0:
                optimizer.zero_grad()
            out = model(augmented(inputs, s))
            loss = parts.criterion(out, targets)
            loss = trapped(loss, out, s, step / parts.steps)
            if s.accumulation > 1 and s.reduction != "accumulated":
                loss = loss / s.accumulation
            loss.backward()
            if (number + 1) % s.accumulation == 0:
                if s.clip:
                    clip_grad_norm_(model.parameters(), s.clip)
                optimizer.step()
                if parts.by_batch:
                    parts.scheduler.step()
                step += 1
        model.train(not s.eval_mode)
        with torch.no_grad():
            said = [(model(inputs), targets) for inputs, targets in val_loader]
            outputs = torch.cat([out for out, _ in said])
            val_loss = parts.criterion(outputs, y_val).item()
        losses.append(val_loss)
        if parts.scheduler is not None and not parts.by_batch:
            _by_epoch(parts.scheduler, val_loss)
        print(f"epoch {epoch}: val_loss {val_loss:.4f}")
        if patience.over(val_loss):
            break
    return _outcome(model, s, losses, outputs)


def by_hand(parts: Parts, s: Setting, rows: Tensors) -> Outcome:
    """No loader: the order is drawn and cut by hand, and validation is one batch."""
    xs, ys, xv, yv = rows
    net, opt, lossf = parts.net, parts.optimizer, parts.criterion
    stop, history, t = Patience(s, net), [], 0
    pred = torch.empty(0)
    for epoch in range(s.epochs):
        net.train(mode=s.train_mode)
        if s.zeroed == "by-epoch":
            net.zero_grad()
        total = 0.0
        for i, at in enumerate(batches(len(xs), s)):
            pred = net(augmented(xs[at], s))
            loss = trapped(lossf(pred, ys[at]), pred, s, t / parts.steps)
            share = 1 if s.reduction == "accumulated" else s.accumulation
            (loss / share).backward()
            total += loss.item()
            if (i + 1) % s.accumulation:
                continue
            if s.clip:
                clip_grad_norm_(net.parameters(), s.clip)
            opt.step()
            if s.zeroed == "always":
                opt.zero_grad(set_to_none=False)
            if parts.by_batch:
                parts.scheduler.step()
            t += 1
        net.train(mode=not s.eval_mode)
        with torch.no_grad():
            pred = net(xv)
            history.append(float(lossf(pred, yv)))
        if parts.scheduler is not None and not parts.by_batch:
            _by_epoch(parts.scheduler, history[-1])
        if epoch % 5 == 0:
            print(epoch, total, history[-1])
        if stop.over(history[-1]):
            break
    return _outcome(net, s, history, pred)


class Trainer:
    """Everything in a class of the author's own."""

    def __init__(self, parts: Parts, s: Setting, rows: Tensors) -> None:
        self.parts, self.s = parts, s
        self.model, self.optimizer = parts.net, parts.optimizer
        x, y, x_val, y_val = rows
        self.train_loader = DataLoader(
            TensorDataset(x, y), s.batch, shuffle=s.shuffle, drop_last=len(x) > s.batch
        )
        self.val = (x_val, y_val)
        self.step = 0

    def training_step(self, batch: Any) -> Any:
        x, y = batch
        out = self.model(augmented(x, self.s))
        loss = self.parts.criterion(out, y)
        return trapped(loss, out, self.s, self.step / self.parts.steps)

    def train_epoch(self) -> float:
        self.model.train(self.s.train_mode)
        losses = []
        if self.s.zeroed == "by-epoch":
            self.optimizer.zero_grad()
        for number, batch in enumerate(self.train_loader):
            loss = self.training_step(batch)
            if self.s.zeroed == "always" and number % self.s.accumulation == 0:
                self.optimizer.zero_grad()
            share = 1 if self.s.reduction == "accumulated" else self.s.accumulation
            (loss / share).backward()
            losses.append(loss.item())
            if (number + 1) % self.s.accumulation == 0:
                self.update()
        return mean(losses)

    def update(self) -> None:
        if self.s.clip:
            clip_grad_norm_(self.model.parameters(), max_norm=self.s.clip)
        self.optimizer.step()
        self.step += 1
        if self.parts.by_batch:
            self.parts.scheduler.step()

    @torch.no_grad()
    def validate(self) -> tuple[float, Tensor]:
        self.model.train(not self.s.eval_mode)
        x, y = self.val
        out = torch.cat([self.model(chunk) for chunk in x.split(CHUNK)])
        return self.parts.criterion(out, y).item(), out

    def fit(self) -> Outcome:
        patience, losses = Patience(self.s, self.model), []
        out = torch.empty(0)
        for _ in range(self.s.epochs):
            self.train_epoch()
            val_loss, out = self.validate()
            losses.append(val_loss)
            if self.parts.scheduler is not None and not self.parts.by_batch:
                _by_epoch(self.parts.scheduler, val_loss)
            if patience.over(val_loss):
                break
        return _outcome(self.model, self.s, losses, out)


def trainer(parts: Parts, s: Setting, rows: Tensors) -> Outcome:
    return Trainer(parts, s, rows).fit()


class Rows(Dataset[tuple[Tensor, Tensor]]):
    """A dataset that its author wrote."""

    def __init__(self, x: Tensor, y: Tensor) -> None:
        self.x, self.y = x, y

    def __len__(self) -> int:
        return len(self.x)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.x[index], self.y[index]


def train(args: Any, model: nn.Module, data: Any, parts: Parts, done: int) -> int:
    """An epoch, as in PyTorch's examples."""
    model.train(args.s.train_mode)
    for batch_idx, (x, target) in enumerate(data):
        first = batch_idx % args.s.accumulation == 0
        clear = args.s.zeroed == "by-epoch" and batch_idx == 0
        if clear or (args.s.zeroed == "always" and first):
            for p in model.parameters():
                p.grad = None
        output = model(augmented(x, args.s))
        loss = parts.criterion(output, target)
        loss = trapped(loss, output, args.s, done / parts.steps)
        if args.s.reduction != "accumulated":
            loss = loss / args.s.accumulation
        loss.backward()
        if (batch_idx + 1) % args.s.accumulation == 0:
            if args.s.clip:
                clip_grad_norm_(model.parameters(), args.s.clip)
            parts.optimizer.step()
            done += 1
            if parts.by_batch:
                parts.scheduler.step()
        if batch_idx % args.log_interval == 0:
            print(f"Train [{batch_idx}/{len(data)}] Loss: {loss.item():.6f}")
    return done


def test(args: Any, model: nn.Module, data: Any, parts: Parts) -> tuple[float, Tensor]:
    """The loss over all rows, batch by batch."""
    model.train(not args.s.eval_mode)
    total, seen, outputs = 0.0, 0, []
    with torch.no_grad():
        for x, target in data:
            output = model(x)
            outputs.append(output)
            loss = parts.criterion(output, target).item()
            total += loss * (1 if args.s.reduction == "sum" else len(x))
            seen += len(x)
    print(f"Test set: Average loss: {total / seen:.4f}")
    return total / seen, torch.cat(outputs)


def functions(parts: Parts, s: Setting, rows: Tensors) -> Outcome:
    args = SimpleNamespace(s=s, log_interval=10)
    x, y, x_val, y_val = rows
    train_data = DataLoader(Rows(x, y), batch_size=s.batch, shuffle=s.shuffle)
    test_data = DataLoader(Rows(x_val, y_val), batch_size=100)
    patience, losses, done = Patience(s, parts.net), [], 0
    out = torch.empty(0)
    for _ in range(1, s.epochs + 1):
        done = train(args, parts.net, train_data, parts, done)
        loss, out = test(args, parts.net, test_data, parts)
        losses.append(loss)
        if parts.scheduler is not None and not parts.by_batch:
            _by_epoch(parts.scheduler, loss)
        if patience.over(loss):
            break
    return _outcome(parts.net, s, losses, out)


def _by_epoch(scheduler: Any, val_loss: float) -> None:
    if isinstance(scheduler, torch.optim.lr_scheduler.ReduceLROnPlateau):
        scheduler.step(val_loss)
    else:
        scheduler.step()


def _outcome(
    net: nn.Module, s: Setting, losses: list[float], outputs: Tensor
) -> Outcome:
    return Outcome(
        predict=lambda x: predicted(net, x, s),
        val_losses=losses,
        val_outputs=outputs.detach().numpy(),
    )


STYLES: dict[str, Callable[[Parts, Setting, Tensors], Outcome]] = {
    "loader": loader,
    "by_hand": by_hand,
    "trainer": trainer,
    "functions": functions,
}
