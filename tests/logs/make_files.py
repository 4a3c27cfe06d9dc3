"""Makes `files/`: logs as the real libraries write them, of one and the same course.

    python tests/logs/make_files.py FOLDER [LIBRARY…]

The training loss is 2 / (1 + n) at step n, from 0 to 11; the validation loss is 2.5 /
(1 + n) where n is 3, 7 and 11. What counts by epochs or rounds has n for its number.
"""

import json
import os
import sys
import tempfile
from pathlib import Path

STEPS = range(12)
EVALUATED = (3, 7, 11)
RATE, BATCH = 0.05, 32


def loss(n: int) -> float:
    return 2 / (1 + n)


def val_loss(n: int) -> float:
    return 2.5 / (1 + n)


def tensorboard(folder: Path) -> None:
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(folder / "tensorboard")) as writer:
        for n in STEPS:
            writer.add_scalar("Loss/train", loss(n), n)
            if n in EVALUATED:
                writer.add_scalar("Loss/val", val_loss(n), n)
        writer.add_text("note", "no number")
        writer.add_hparams(
            {"lr": RATE, "batch_size": BATCH}, {"hparam/best": 0.5}, run_name="."
        )


def tensorflow(folder: Path) -> None:
    """As Keras's TensorBoard callback has it: a folder a phase, scalars as tensors."""
    import tensorflow as tf

    for phase in ("train", "validation"):
        place = str(folder / "tensorflow" / phase)
        with tf.summary.create_file_writer(place).as_default():
            for n in STEPS:
                if phase == "train":
                    tf.summary.scalar("epoch_loss", loss(n), n)
                elif n in EVALUATED:
                    tf.summary.scalar("epoch_loss", val_loss(n), n)


def transformers(folder: Path) -> None:
    from transformers import TrainerState

    history = []
    for n in STEPS:
        at = {"epoch": (n + 1) / 4, "step": n}
        history.append({"loss": loss(n), "learning_rate": RATE, **at})
        if n in EVALUATED:
            history.append({"eval_loss": val_loss(n), "eval_runtime": 0.1, **at})
    history.append({"train_loss": 0.6, "train_runtime": 9.0, "epoch": 3.0, "step": 11})
    state = TrainerState(
        epoch=3.0,
        global_step=12,
        max_steps=12,
        num_train_epochs=3,
        train_batch_size=BATCH,
        log_history=history,
    )
    place = folder / "transformers" / "checkpoint-12"
    place.mkdir(parents=True)
    state.save_to_json(str(place / "trainer_state.json"))


def lightning(folder: Path) -> None:
    from lightning.pytorch.loggers import CSVLogger

    logger = CSVLogger(str(folder), name="lightning")
    logger.log_hyperparams({"lr": RATE, "batch_size": BATCH})
    for n in STEPS:
        logger.log_metrics({"train_loss_step": loss(n), "epoch": n // 4}, step=n)
        if n in EVALUATED:
            logger.log_metrics({"val_loss": val_loss(n), "epoch": n // 4}, step=n)
    logger.finalize("success")


def keras(folder: Path) -> None:
    from keras.callbacks import CSVLogger, History

    (folder / "keras").mkdir()
    callback = CSVLogger(str(folder / "keras" / "training.csv"))
    history = History()
    model = type("Model", (), {"stop_training": False})()
    for one in (callback, history):
        one.set_model(model)
        one.on_train_begin()
    for n in STEPS:
        for one in (callback, history):
            one.on_epoch_end(n, {"loss": loss(n), "val_loss": val_loss(n)})
    callback.on_train_end()
    (folder / "keras_history").mkdir()
    text = json.dumps(history.history)
    (folder / "keras_history" / "history.json").write_text(text)


def wandb(folder: Path) -> None:
    import wandb as library

    with tempfile.TemporaryDirectory() as place:
        run = library.init(
            dir=place,
            mode="offline",
            project="tests",
            name="steady-tulip",
            config={"lr": RATE, "batch_size": BATCH, "api_key": "tulip"},
            settings=library.Settings(
                console="off",
                x_disable_meta=True,
                x_disable_stats=True,
                save_code=False,
            ),
        )
        for n in STEPS:
            row = {"train/loss": loss(n)}
            run.log(row | ({"val/loss": val_loss(n)} if n in EVALUATED else {}))
        run.finish()
        library.teardown()  # now all is written
        (written,) = Path(place).rglob("*.wandb")
        (folder / "wandb").mkdir()
        (folder / "wandb" / "run-tulip.wandb").write_bytes(written.read_bytes())


def mlflow(folder: Path) -> None:
    import mlflow as library

    library.set_tracking_uri((folder / "mlflow").resolve().as_uri())
    with library.start_run(run_name="steady-tulip"):
        library.log_params({"lr": RATE, "batch_size": BATCH})
        for n in STEPS:
            library.log_metric("train_loss", loss(n), step=n)
            if n in EVALUATED:
                library.log_metric("val_loss", val_loss(n), step=n)


def comet(folder: Path) -> None:
    os.environ["COMET_OFFLINE_DIRECTORY"] = str(folder / "comet")
    (folder / "comet").mkdir()
    import comet_ml

    run = comet_ml.OfflineExperiment(
        project_name="tests",
        log_code=False,
        log_graph=False,
        log_git_metadata=False,
        log_git_patch=False,
        log_env_details=False,
        auto_output_logging=False,
        display_summary_level=0,
    )
    run.set_name("steady-tulip")
    run.log_parameters({"lr": RATE, "batch_size": BATCH})
    for n in STEPS:
        run.log_metric("train_loss", loss(n), step=n)
        if n in EVALUATED:
            run.log_metric("val_loss", val_loss(n), step=n)
    run.end()


LIBRARIES = {
    made.__name__: made
    for made in (
        *(tensorboard, tensorflow, transformers, lightning, keras, wandb, mlflow),
        comet,
    )
}


def main() -> None:
    folder, *wanted = sys.argv[1:]
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name in wanted or LIBRARIES:
        LIBRARIES[name](Path(folder))


if __name__ == "__main__":
    main()
