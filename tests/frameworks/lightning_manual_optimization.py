"""A GAN under Lightning: manual optimization, an optimizer for each of two nets."""

import lightning.pytorch as pl
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Gan(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.automatic_optimization = False
        self.generator = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
        self.critic = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(), nn.Linear(16, 1))
        self.criterion = nn.BCEWithLogitsLoss()

    def training_step(self, batch, _):
        (real,) = batch
        of_critic, of_generator = self.optimizers()
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        fake = self.generator(torch.randn(len(real), 4))

        seen = self.criterion(self.critic(real), ones)
        seen = seen + self.criterion(self.critic(fake.detach()), zeros)
        of_critic.zero_grad()
        self.manual_backward(seen)
        self.clip_gradients(of_critic, gradient_clip_val=1.0)
        of_critic.step()

        self.toggle_optimizer(of_generator)
        deceived = self.criterion(self.critic(fake), ones)
        of_generator.zero_grad()
        self.manual_backward(deceived)
        of_generator.step()
        self.untoggle_optimizer(of_generator)
        self.log_dict({"critic_loss": seen, "generator_loss": deceived})

    def on_train_epoch_end(self):
        self.lr_schedulers().step()

    def configure_optimizers(self):
        critic = torch.optim.Adam(self.critic.parameters(), lr=2e-3, betas=(0.5, 0.9))
        generator = torch.optim.Adam(self.generator.parameters(), lr=1e-3)
        return [critic, generator], [torch.optim.lr_scheduler.StepLR(critic, 1, 0.5)]


def main():
    torch.set_num_threads(1)
    pl.seed_everything(6)
    angle = torch.rand(160) * 6.2832
    ring = TensorDataset(torch.stack([angle.cos(), angle.sin()], 1))
    trainer = pl.Trainer(
        max_epochs=3,
        accelerator="cpu",
        logger=False,
        log_every_n_steps=1,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    trainer.fit(Gan(), DataLoader(ring, 16, shuffle=True))


if __name__ == "__main__":
    main()
