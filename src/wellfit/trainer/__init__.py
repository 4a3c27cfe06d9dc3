"""Our own trainer: the loop, and the candidates that it fits."""
