"""Random changes of training inputs: of whole batches, each row by its own stream."""

from wellfit.trainer.augment.pipeline import augmenting as augmenting
