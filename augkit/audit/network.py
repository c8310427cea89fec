"""The reference network: small enough for two cores, and the only place of an audit where Keras enters.

Pictures are averaged to half their size, so that it reads shapes and not strokes; three convolutions, two
maximum poolings, and one dense layer: 29,402 weights for ten classes of 28×28.  A *quick* one strides where
the other pools, and sees larger batches: half the work, for the networks that are shown most.  It is trained
with Adam along a cosine, in batches so small that a few thousand pictures are enough steps.  What it says is
calibrated by one temperature (Guo et al. 2017, arXiv:1706.04599), fitted on pictures that it did not see.
"""

from __future__ import annotations

import dataclasses
import hashlib
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from augkit import backend
from augkit.errors import UsageError

Picture = NDArray[np.uint8]
Labels = NDArray[np.int64]
Floats = NDArray[np.float32]
Advance = Callable[[int], None]
"""Told how many pictures were dealt with."""

Changed = Callable[[Picture, Labels, int], tuple[Picture, Labels]]
"""Changes pictures and labels, as many or fewer, for one epoch."""

SIDE = 32
"""Pixels across; larger pictures are shrunk to it."""

_WIDTHS, _DROPOUT = (16, 32, 64), 0.3
_BATCH, _RATE = {False: 32, True: 64}, {False: 2e-3, True: 3e-3}  # of one that pools, and of a quick one
_HALVED = 20  # pixels across from which on pictures are averaged to half their size first
_READ_AT_ONCE = 500


@dataclasses.dataclass(frozen=True)
class Reader:
    """Read pictures: a trained network, and its temperature.

    `scale` is what pictures are multiplied by first, `logits` whether the network says logits and not
    probabilities, `loss` what was left of it in the last epoch of training (cross-entropy, nats).
    """

    model: Any
    temperature: float = 1.0
    scale: float = 1.0
    logits: bool = True
    loss: float = float("nan")

    def read(self, pictures: Picture) -> Floats:
        """Return calibrated probabilities, float32 (N, K), for uint8 pictures (N, H, W, C)."""
        return _softmax(self.said(pictures) / self.temperature)

    def said(self, pictures: Picture) -> Floats:
        """Return logits, float32 (N, K)."""
        keras = backend.load()
        parts = [
            keras.ops.convert_to_numpy(
                self.model.predict_on_batch(self._shown(pictures[i : i + _READ_AT_ONCE]))
            )
            for i in range(0, len(pictures), _READ_AT_ONCE)
        ]
        out = np.concatenate(parts).astype(np.float32) if parts else np.zeros((0, 1), np.float32)
        return out if self.logits else np.log(np.maximum(out, 1e-12))

    def _shown(self, pictures: Picture) -> NDArray[Any]:
        return pictures if self.scale == 1 else pictures.astype(np.float32) * self.scale


def trained(
    pictures: Picture,
    labels: Labels,
    classes: int,
    held: NDArray[np.bool_],
    *,
    epochs: int,
    seed: int,
    changed: Changed | None = None,
    quick: bool = False,
    advance: Advance = lambda done: None,
) -> Reader:
    """Train a network, and calibrate it on the pictures that are held out.

    Args:
        pictures: uint8 (N, H, W, C).
        labels:   int64 (N,).
        classes:  how many there are.
        held:     bool (N,), the pictures that are kept for the temperature.
        epochs:   how often it sees the others.
        seed:     of first weights, order and dropout.
        changed:  changes the pictures that are trained with, anew for each epoch; and those that are held
            out, as epoch -1.
        quick:    whether its convolutions stride.
        advance:  told after each epoch how many pictures were seen.
    """
    shown, truth = pictures[~held], labels[~held]
    keras = backend.load()
    keras.utils.set_random_seed(seed)
    model = _network(keras, pictures.shape[1:], classes, quick)
    batch = _BATCH[quick]
    steps = max(1, len(shown) // batch)
    model.compile(
        keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_RATE[quick], epochs * steps)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    order = np.random.Generator(np.random.Philox(key=seed))
    loss = float("nan")
    for epoch in range(epochs):
        seen, named = (shown, truth) if changed is None else changed(shown, truth, epoch)
        at = order.permutation(len(seen))
        at = at[: max(1, len(at) // batch) * batch]  # a last batch of another size is compiled anew
        loss = model.fit(seen[at], named[at], batch_size=batch, shuffle=False, verbose=0).history["loss"][0]
        advance(len(shown))
    reader = Reader(model, loss=float(loss))
    if not held.any():
        return reader
    last, named = pictures[held], labels[held]
    if changed is not None:
        last, named = changed(last, named, -1)
    return dataclasses.replace(reader, temperature=temperature(reader.said(last), named))


def temperature(logits: Floats, labels: Labels) -> float:
    """Return the temperature at which logits, float32 (N, K), make the labels, int64 (N,), most likely."""
    from scipy.optimize import minimize_scalar

    def loss(log_t: float) -> float:
        said = logits.astype(np.float64) / math.exp(log_t)
        said -= said.max(axis=1, keepdims=True)
        likely = said[np.arange(len(labels)), labels] - np.log(np.exp(said).sum(axis=1))
        return float(-likely.mean())

    return math.exp(float(minimize_scalar(loss, bounds=(-3.0, 3.0), method="bounded").x))


def oracle(path: Path, pictures: Picture, labels: Labels, classes: int) -> Reader:
    """Load somebody's Keras network as the one that reads.

    Whether it wants levels from 0 to 255 or shares from 0 to 1 is tried on pictures with labels: it gets what
    it reads better, or where that is all the same, what it finds more likely.

    Raises:
        UsageError: it cannot be read, or takes other pictures, or knows another number of classes.
    """
    model = _loaded(path)
    _fits(model, path, pictures, classes)
    said = Reader(model, scale=1.0, logits=False).said(pictures[:8])
    logits = not np.allclose(np.exp(said).sum(axis=1), 1, atol=1e-3)
    readers = [Reader(model, scale=scale, logits=logits) for scale in (1.0, 1 / 255)]
    best = max(readers, key=lambda reader: _rank(reader.said(pictures), labels))
    return dataclasses.replace(best, temperature=temperature(best.said(pictures), labels))


def _rank(said: Floats, labels: Labels) -> tuple[float, float]:
    """Rank a way to read by the share that is right, to a hundredth, and of equal ones by the likelihood."""
    right = float((said.argmax(axis=1) == labels).mean())
    likely = _softmax(said)[np.arange(len(labels)), labels]
    return round(right, 2), float(np.log(np.maximum(likely, 1e-12)).mean())


def oracle_size(path: Path) -> tuple[int, int]:
    """Return the side and the channels of the pictures that somebody's Keras network takes; 0 for any.

    Raises:
        UsageError: it cannot be read, or takes no square pictures, channels last.
    """
    wants = tuple(side or 0 for side in _loaded(path).input_shape[1:])
    if len(wants) != 3 or wants[0] != wants[1] or wants[2] not in (0, 1, 3):
        raise UsageError(
            f"it takes {_shaped(wants)}",
            where=str(path),
            fix="give a network for square pictures, channels last",
        )
    return wants[0], wants[2]


def digest(path: Path) -> str:
    """Return a hash of somebody's network, 16 hex digits: another file of the same name is another network.

    Raises:
        UsageError: it cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise UsageError(f"Keras cannot load it: {error.strerror}", where=str(path)) from error


def _loaded(path: Path) -> Any:
    keras = backend.load()
    try:
        return keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, TypeError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise UsageError(
            f"Keras cannot load it: {first}", where=str(path), fix="give a .keras file that Keras saved"
        ) from error


def _fits(model: Any, path: Path, pictures: Picture, classes: int) -> None:
    wants, says = tuple(model.input_shape[1:]), model.output_shape[-1]
    if len(wants) != 3 or any(w not in (None, g) for w, g in zip(wants, pictures.shape[1:], strict=True)):
        raise UsageError(
            f"it takes pictures of {_shaped(wants)}, and these are {_shaped(pictures.shape[1:])}",
            where=str(path),
            fix="give a network for pictures of this size, channels last",
        )
    if says != classes:
        raise UsageError(f"it knows {says} classes, and the data have {classes}", where=str(path))


def _shaped(shape: tuple[Any, ...]) -> str:
    return "×".join(str(side or "any") for side in shape)


def _network(keras: Any, shape: tuple[int, ...], classes: int, quick: bool) -> Any:
    layers = keras.layers

    def convolved(width: int, halving: bool) -> list[Any]:
        return [
            layers.Conv2D(width, 3, strides=2 if quick and halving else 1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            *([layers.MaxPooling2D(2)] if halving and not quick else []),
        ]

    halved = [layers.AveragePooling2D(2)] if min(shape[:2]) >= _HALVED else []
    return keras.Sequential(
        [
            keras.Input(shape),
            layers.Rescaling(1 / 127.5, offset=-1),
            *halved,
            *convolved(_WIDTHS[0], halving=False),
            *convolved(_WIDTHS[1], halving=True),
            *convolved(_WIDTHS[2], halving=True),
            layers.Flatten(),
            layers.Dropout(_DROPOUT),
            layers.Dense(classes),
        ]
    )


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: Floats = powers / powers.sum(axis=1, keepdims=True)
    return shares
