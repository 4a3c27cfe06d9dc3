"""What could help: each remedy's name, and what it does in one sentence."""

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    # on inputs
    "standardize-inputs": "Bring every input to mean 0 and standard deviation 1.",
    "impute-missing": "Fill gaps by the median or the commonest value, and add columns "
    "that show them.",
    "clip-outliers": "Limit each input to the range in which nearly all training rows "
    "lie.",
    "drop-duplicates": "Keep one of each set of equal rows.",
    "drop-leaking-features": "Leave out columns that give the target away.",
    "select-features": "Keep the columns that tell something of the target.",
    "clean-values": "Bring values that mean the same to one spelling, and text among "
    "numbers to numbers or gaps.",
    "correct-labels": "Replace labels that are most probably wrong.",
    "drop-noisy-labels": "Leave out rows whose label is most probably wrong.",
    "resplit-data": "Split the rows anew, so that no row, group or time is on both "
    "sides.",
    "cross-features": "Add products and powers of columns.",
    "augment-inputs": "Show each training row in variations that do not change its "
    "label.",
    "mix-inputs": "Train on mixtures of rows and of their labels (mixup, cutmix).",
    "shuffle-batches": "Draw the rows of each epoch in a new random order.",
    # on classes
    "tune-threshold": "Choose the probability from which on a class is predicted, on "
    "validation rows.",
    "weight-classes": "Count errors on rare classes more in the loss.",
    "oversample-minority": "Show rows of rare classes more often.",
    "undersample-majority": "Show fewer rows of the commonest class.",
    "synthesize-minority": "Make new rows of rare classes between neighbours (SMOTE).",
    "focus-loss": "Count rows that are predicted well less in the loss (focal loss).",
    "detect-anomalies": "Treat the rare class as what deviates from all others.",
    # on the model
    "swap-activations": "Put ReLU in the place of sigmoid and tanh, or leaky ones in "
    "that of ReLU.",
    "insert-normalization": "Add batch or layer normalisation before activations.",
    "reinitialize": "Draw the initial weights anew, at a scale that suits the "
    "activations.",
    "add-skips": "Add each block's input to its output.",
    "gate-recurrence": "Put an LSTM or a GRU in the place of a plain recurrent layer.",
    "add-dropout": "Set a random share of the activations to zero while training.",
    "grow-model": "Make the model wider or deeper.",
    "shrink-model": "Make the model narrower or shallower.",
    "prune-weights": "Set the smallest weights to zero.",
    "unfreeze-parameters": "Let parameters train that are held fixed.",
    # on the loss
    "fix-output-loss": "Give the loss the kind of outputs it is made for.",
    "smooth-labels": "Train towards a little less than certainty.",
    "penalize-weights": "Add weight decay, or another penalty on large weights.",
    "relax-regularization": "Lower weight decay, dropout, label smoothing or the "
    "clipping of gradients.",
    "fix-modes": "Call `train()` before training and `eval()` before evaluating.",
    # on the optimizer
    "lower-learning-rate": "Take shorter steps.",
    "raise-learning-rate": "Take longer steps.",
    "find-learning-rate": "Try rates from low to high in the first steps, and go on at "
    "a good one.",
    "warm-up": "Raise the rate from near zero over the first steps.",
    "schedule-learning-rate": "Lower the rate as training goes on.",
    "switch-optimizer": "Take another optimizer, such as AdamW.",
    "clip-gradients": "Limit the norm of the gradient of each step.",
    "add-momentum": "Let each step go on a part of the way of the last.",
    "zero-gradients": "Clear the gradients before each step.",
    "resize-batch": "Take larger or smaller batches.",
    "accumulate-gradients": "Add up the gradients of several batches before a step.",
    "steady-batchnorm": "Average the statistics of batch normalisation over more "
    "batches.",
    # on the duration
    "train-longer": "Train for more epochs.",
    "stop-early": "Keep the weights that were best on validation rows.",
    "average-weights": "Average the weights of many steps (EMA, SWA).",
    "fix-seeds": "Set the seeds of all random numbers.",
    "roll-back": "Go back to the last good weights, and on from there with care.",
    # on many models
    "bag-models": "Average models that were trained on random draws of the rows.",
    "boost-models": "Train models one after the other on what is still wrong.",
    "stack-models": "Let a simple model combine others, by their predictions out of "
    "fold.",
    "tune-hyperparameters": "Search for better hyperparameters.",
    "widen-search": "Search beyond the range in which the best was found at the edge.",
    # on resources
    "mixed-precision": "Compute in 16 bits where that is safe.",
    "checkpoint-activations": "Compute activations again on the way back, rather than "
    "keep them.",
    "more-loader-workers": "Load batches in more processes.",
    "shard-model": "Spread parameters and optimizer states over devices.",
    # in production
    "quantize-model": "Store and compute weights in 8 bits.",
    "distill-model": "Train a small model to predict what the large one does.",
    "recalibrate": "Fit the predicted probabilities to the frequencies that are seen.",
    "update-online": "Go on training on what comes in.",
    "retrain": "Train anew on recent data.",
}
