"""The same changes in the words of other tools, each as its users write it and in its best form.

A peer takes pictures (a list of uint8 H×W×C) and returns what it made of them.  What cannot be imported is
skipped, with a word.
"""

from __future__ import annotations

import dataclasses
import importlib
import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from augkit import backend
from tests.benchmarks.pictures import SIDE, Picture

SEPARATE, ONE_AFFINE, CROP_FIRST = "separate steps", "one affine", "crop first, one affine"

Make = Callable[[Sequence[Picture]], object]


@dataclasses.dataclass(frozen=True)
class Peer:
    """Hold one pipeline of one tool; `pictures` is how many it is timed on, fewer where it is slow."""

    tool: str
    form: str
    make: Make
    pictures: int

    @property
    def name(self) -> str:
        """Return tool and form."""
        return f"{self.tool}, {self.form}"


def photo_peers(skipped: list[str]) -> Iterator[Peer]:
    """Yield the peers for photos; what is skipped is told in `skipped`."""
    for form, pipeline in albumentations_photo().items():
        yield Peer("albumentations", form, _each(pipeline), 32)
    if _torchvision_there(skipped):
        yield from _torchvision(_torchvision_photo, 8)
    if _keras_there(skipped):
        for form, layers in _keras_photo().items():
            yield Peer(f"Keras layers on {os.environ['KERAS_BACKEND']}", form, _in_batches(layers), 8)


def digit_peers(skipped: list[str]) -> Iterator[Peer]:
    """Yield the peers for digits."""
    for form, pipeline in albumentations_digit().items():
        yield Peer("albumentations", form, _each(pipeline), 500)
    if _torchvision_there(skipped):
        yield from _torchvision(_torchvision_digit, 200)
    if _keras_there(skipped):
        for form, layers in _keras_digit().items():
            yield Peer(f"Keras layers on {os.environ['KERAS_BACKEND']}", form, _in_batches(layers, 128), 256)


def albumentations_photo() -> dict[str, Any]:
    """Return albumentations' pipelines for photos, by form."""
    import albumentations as A

    flip, tone = A.HorizontalFlip(p=0.5), A.RandomBrightnessContrast(0.3, 0.3, p=1)
    crop = A.RandomResizedCrop((SIDE, SIDE), scale=(0.25, 1), p=1)
    apart = [
        A.Affine(translate_percent=(-0.1, 0.1), p=1),
        A.Affine(scale=(0.8, 1.25), keep_ratio=True, p=1),
        A.Rotate(15, p=1),
        A.Affine(shear={"x": (-10, 10), "y": (0, 0)}, p=1),
    ]
    one = A.Affine(
        translate_percent=(-0.1, 0.1), scale=(0.8, 1.25), rotate=(-15, 15),
        shear={"x": (-10, 10), "y": (0, 0)}, keep_ratio=True, p=1,
    )  # fmt: skip
    return {
        SEPARATE: A.Compose([flip, *apart, crop, tone], seed=1),
        ONE_AFFINE: A.Compose([flip, one, crop, tone], seed=1),
        CROP_FIRST: A.Compose([crop, flip, one, tone], seed=1),
    }


def albumentations_digit() -> dict[str, Any]:
    """Return albumentations' pipelines for digits, by form."""
    import albumentations as A

    tone = A.RandomBrightnessContrast(0, 0.3, p=1)
    apart = [
        A.Affine(translate_px=(-2, 2), p=1),
        A.Affine(scale=(0.9, 1.1), keep_ratio=True, p=1),
        A.Rotate(10, p=1),
        A.Affine(shear={"x": (-8, 8), "y": (0, 0)}, p=1),
    ]
    one = A.Affine(
        translate_px=(-2, 2), scale=(0.9, 1.1), rotate=(-10, 10),
        shear={"x": (-8, 8), "y": (0, 0)}, keep_ratio=True, p=1,
    )  # fmt: skip
    return {
        SEPARATE: A.Compose([*apart, tone], seed=1),
        ONE_AFFINE: A.Compose([one, tone], seed=1),
    }


def _each(pipeline: Any) -> Make:
    return lambda pictures: [pipeline(image=picture)["image"] for picture in pictures]


def _torchvision(forms: Callable[[Any], dict[str, list[Any]]], count: int) -> Iterator[Peer]:
    """Yield a peer on PIL pictures, and one on tensors, for each form."""
    import torch
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    for form, steps in forms(v2).items():
        pipeline = v2.Compose(steps)
        for kind, turn in (("PIL", v2.ToPILImage()), ("tensors", v2.ToImage())):
            yield Peer(f"torchvision v2, {kind}", form, _converted(pipeline, turn), count)


def _converted(pipeline: Any, turn: Any) -> Make:
    """Convert the pictures once, outside of what is timed."""
    known: dict[int, Any] = {}

    def make(pictures: Sequence[Picture]) -> object:
        for picture in pictures:
            if id(picture) not in known:
                known[id(picture)] = (turn(picture), picture)
        return [pipeline(known[id(picture)][0]) for picture in pictures]

    return make


def _torchvision_photo(v2: Any) -> dict[str, list[Any]]:
    smooth = {"interpolation": v2.InterpolationMode.BILINEAR}
    flip, tone = v2.RandomHorizontalFlip(), v2.ColorJitter(brightness=0.3, contrast=0.3)
    crop = v2.RandomResizedCrop(SIDE, scale=(0.25, 1))
    apart = [
        v2.RandomAffine(0, translate=(0.1, 0.1), **smooth),
        v2.RandomAffine(0, scale=(0.8, 1.25), **smooth),
        v2.RandomRotation(15, **smooth),
        v2.RandomAffine(0, shear=10, **smooth),
    ]
    one = v2.RandomAffine(15, translate=(0.1, 0.1), scale=(0.8, 1.25), shear=10, **smooth)
    return {
        SEPARATE: [flip, *apart, crop, tone],
        ONE_AFFINE: [flip, one, crop, tone],
        CROP_FIRST: [crop, flip, one, tone],
    }


def _torchvision_digit(v2: Any) -> dict[str, list[Any]]:
    smooth = {"interpolation": v2.InterpolationMode.BILINEAR}
    tone = v2.ColorJitter(contrast=0.3)
    apart = [
        v2.RandomAffine(0, translate=(2 / 28, 2 / 28), **smooth),
        v2.RandomAffine(0, scale=(0.9, 1.1), **smooth),
        v2.RandomRotation(10, **smooth),
        v2.RandomAffine(0, shear=8, **smooth),
    ]
    one = v2.RandomAffine(10, translate=(2 / 28, 2 / 28), scale=(0.9, 1.1), shear=8, **smooth)
    return {SEPARATE: [*apart, tone], ONE_AFFINE: [one, tone]}


def _keras_there(skipped: list[str]) -> bool:
    """Choose the backend, unless the environment has, before Keras is imported."""
    try:
        backend.choose()
        importlib.import_module("keras")
    except Exception as error:
        skipped.append(f"Keras layers: skipped, cannot be imported ({str(error).splitlines()[0]})")
        return False
    return True


def _keras_photo() -> dict[str, list[Any]]:
    """Return layers; Keras has no random resized crop: a crop of the same mean area stands for it."""
    from keras import layers

    bounds = {"value_range": (0, 255)}
    flip = layers.RandomFlip("horizontal")
    moved = _keras_moved(0.1, (-0.25, 0.2), 15, 10)
    crop = [layers.RandomCrop(296, 395), layers.Resizing(SIDE, SIDE)]
    tone = [layers.RandomBrightness(0.3, **bounds), layers.RandomContrast(0.3, **bounds)]
    return {SEPARATE: [flip, *moved, *crop, *tone], "crop first": [*crop, flip, *moved, *tone]}


def _keras_digit() -> dict[str, list[Any]]:
    from keras import layers

    tone = layers.RandomContrast(0.3, value_range=(0, 255))
    return {SEPARATE: [*_keras_moved(2 / 28, (-0.1, 0.1), 10, 8), tone]}


def _keras_moved(shift: float, zoom: tuple[float, float], degrees: float, shear: float) -> list[Any]:
    from keras import layers

    border: dict[str, Any] = {"fill_mode": "constant", "fill_value": 0.0}
    return [
        layers.RandomTranslation(shift, shift, **border),
        layers.RandomZoom(zoom, **border),
        layers.RandomRotation(degrees / 360, **border),
        layers.RandomShear(x_factor=float(np.tan(np.radians(shear))), **border),
    ]


def _in_batches(layers: list[Any], batch: int = 8) -> Make:
    """Apply layers to batches of one size, float32: photos are resized to 500×375 off the clock."""
    import cv2
    from keras import ops

    known: dict[int, Any] = {}

    def make(pictures: Sequence[Picture]) -> object:
        if id(pictures) not in known:
            wide = pictures[0].shape[1] > 100
            alike = [cv2.resize(one, (500, 375)) if wide else one for one in pictures]
            known[id(pictures)] = (np.stack(alike).astype(np.float32), pictures)
        made = []
        for start in range(0, len(pictures), batch):
            now = ops.convert_to_tensor(known[id(pictures)][0][start : start + batch])
            for layer in layers:
                now = layer(now, training=True)
            made.append(ops.convert_to_numpy(now))
        return made

    return make


def _torchvision_there(skipped: list[str]) -> bool:
    """Import torchvision, also where its compiled operators are for another PyTorch: transforms need none."""
    try:
        _imported_torchvision()
    except Exception as error:  # a wheel for another PyTorch raises what it likes
        skipped.append(f"torchvision: skipped, cannot be imported ({str(error).splitlines()[0]})")
        return False
    return True


def _imported_torchvision() -> None:
    try:
        importlib.import_module("torchvision")
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
        import torch

        for name in [name for name in sys.modules if name.partition(".")[0] == "torchvision"]:
            del sys.modules[name]
        for name, wants in _NAMED_AT_IMPORT.items():
            _LIBRARY.append(torch.library.Library("torchvision", "FRAGMENT"))
            _LIBRARY[-1].define(f"{name}({wants}) -> Tensor")
        importlib.import_module("torchvision")


_LIBRARY: list[Any] = []  # what is defined in a library goes with it
_NAMED_AT_IMPORT = {
    "nms": "Tensor dets, Tensor scores, float iou_threshold",
    "qnms": "Tensor dets, Tensor scores, float iou_threshold",
}
"""Operators that torchvision speaks of while it is imported, and what they take."""
