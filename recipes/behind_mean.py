"""AlexNet behind what recipes do to pictures first: the mean subtracted, channels in the backend's order."""

from __future__ import annotations

from typing import Any

import numpy as np

from augkit import backend


def network(
    preset: str,
    shape: tuple[int, int, int],
    classes: int,
    mean: np.ndarray | None,
    *,
    windows: bool = False,
    dropout: float | None = None,
    seed: int | None = None,
) -> Any:
    """Build what is trained: the mean, and behind it an AlexNet, which gives logits.

    It takes pictures of 0 to 255, N x H x W x 3 of `shape`, whatever the backend. With `windows` it takes
    [pictures, windows] as `augkit.feed.Feed(windows=True)` gives them, and each picture loses the part of
    `mean`, S x T x 3, that it shows; else all lose `mean`, 1 x 1 x 3, or nothing where it is None.
    """
    keras = backend.load()
    from models.alexnet import alexnet

    # PyTorch's kernels want channels first, the other backends' want them last.
    first = backend.choose() == "torch"
    net = alexnet(
        preset,
        classes,
        (shape[2], *shape[:2]) if first else shape,
        classifier_activation=None,
        dropout=dropout,
        data_format="channels_first" if first else "channels_last",
        seed=seed,
    )
    pictures = keras.Input(shape, name="seen", dtype="float32")
    x, inputs = pictures, pictures
    if mean is not None and windows:
        from recipes.mean_layer import MeanSubtraction

        places = keras.Input((4,), name="windows", dtype="float32")
        x, inputs = MeanSubtraction(mean, name="mean")([pictures, places]), [pictures, places]
    elif mean is not None:
        x = keras.layers.Rescaling(1.0, (-mean.ravel()).tolist(), dtype="float32", name="mean")(pictures)
    if first:
        x = keras.layers.Permute((3, 1, 2), dtype="float32", name="channels_first")(x)
    return keras.Model(inputs, net(x), name="trained")


def kept(model: Any) -> Any:
    """Return the AlexNet itself, which wants pictures whose mean is subtracted already."""
    return model.layers[-1]
