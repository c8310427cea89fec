"""Small archives in the formats in which data sets are published, made byte by byte or by other libraries."""

from __future__ import annotations

import bz2
import gzip
import io
import struct
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

MNIST = {"train": "train", "test": "t10k"}


def pictures(count: int, height: int = 28, width: int = 28, seed: int = 0) -> NDArray[np.uint8]:
    """Make grey pictures, uint8 (N, H, W)."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width), dtype=np.uint8)


def idx(values: NDArray[np.uint8]) -> bytes:
    """Write an array of bytes as IDX: two zeros, 8 for bytes, the number of dimensions, sizes, values."""
    sizes = b"".join(struct.pack(">I", size) for size in values.shape)
    return bytes((0, 0, 8, values.ndim)) + sizes + values.tobytes()


def mnist(
    root: Path, parts: Mapping[str, tuple[NDArray[np.uint8], Sequence[int]]], *, zipped: bool = True
) -> Path:
    """Write MNIST's four files, or another set's: `parts` is their first word → pixels, labels."""
    root.mkdir(parents=True, exist_ok=True)
    for stem, (pixels, labels) in parts.items():
        for name, values in (("images-idx3", pixels), ("labels-idx1", np.array(labels, np.uint8))):
            data = idx(values)
            path = root / f"{stem}-{name}-ubyte{'.gz' if zipped else ''}"
            path.write_bytes(gzip.compress(data, 1) if zipped else data)
    return root


def libsvm(path: Path, values: NDArray[np.float64], labels: Sequence[int]) -> None:
    """Write USPS as LIBSVM's page has it: label 1 to 10, then index:value from index 1 on."""
    lines = [
        f"{label} " + " ".join(f"{index}:{value:.6g}" for index, value in enumerate(row, 1)) + " \n"
        for row, label in zip(values, labels, strict=True)
    ]
    text = "".join(lines).encode()
    path.write_bytes(bz2.compress(text) if path.suffix == ".bz2" else text)


def svhn(path: Path, pixels: NDArray[np.uint8], labels: Sequence[int], *, compressed: bool = True) -> None:
    """Write SVHN's cropped digits: X of H×W×3×N and y of N×1, in which 10 is the digit 0."""
    from scipy.io import savemat

    held = {"X": pixels.transpose(1, 2, 3, 0), "y": np.array(labels, np.uint8)[:, None]}
    savemat(path, held, do_compression=compressed)


def jpeg(seed: int = 0, mode: str = "RGB", size: tuple[int, int] = (40, 30), exif: bytes = b"") -> bytes:
    """Make a JPEG file with Pillow; `mode` may be L or CMYK."""
    channels = len(Image.new(mode, (1, 1)).getbands())
    small = np.random.default_rng(seed).integers(0, 256, (4, 5, channels), dtype=np.uint8)
    picture = Image.fromarray(small[:, :, 0] if channels == 1 else small, mode).resize(
        size, Image.Resampling.BICUBIC
    )
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90, **({"exif": exif} if exif else {}))
    return buffer.getvalue()


def png(seed: int = 0, size: tuple[int, int] = (40, 30)) -> bytes:
    """Make a PNG file with Pillow."""
    buffer = io.BytesIO()
    Image.open(io.BytesIO(jpeg(seed, size=size))).save(buffer, "PNG")
    return buffer.getvalue()


def turned(orientation: int = 6) -> bytes:
    """Return an EXIF block that asks for a turn."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif.tobytes()


def broken_exif() -> bytes:
    """Return an EXIF block that does not parse: its directory lies behind its end."""
    return b"Exif\0\0II*\0" + struct.pack("<I", 60_000) + b"\0\0"


def tar(files: Mapping[str, bytes] | Sequence[tuple[str, bytes]], *, folder: str = "") -> bytes:
    """Write a tar archive of the ustar kind, in the order given."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        if folder:
            info = tarfile.TarInfo(folder)
            info.type = tarfile.DIRTYPE
            archive.addfile(info)
        for name, data in files.items() if isinstance(files, Mapping) else files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def meta_mat(ids: Mapping[str, int]) -> bytes:
    """Write meta.mat as the devkit has it: a column of structs, leaves first, then parents."""
    from scipy.io import savemat

    fields = (
        "ILSVRC2012_ID", "WNID", "words", "gloss", "num_children", "children", "wordnet_height",
        "num_train_images",
    )  # fmt: skip
    rows = [
        (float(number), wnid, f"thing, {wnid}", "a thing", 0.0, np.zeros((1, 0)), 0.0, 1300.0)
        for wnid, number in sorted(ids.items(), key=lambda item: item[1])
    ]
    upper = len(rows) + 1
    rows.append((float(upper), "n00000001", "all things", "", 2.0, np.array([[1.0, 2.0]]), 1.0, 0.0))
    synsets = np.empty((len(rows), 1), dtype=[(name, object) for name in fields])
    for at, row in enumerate(rows):
        synsets[at, 0] = row
    buffer = io.BytesIO()
    savemat(buffer, {"synsets": synsets}, do_compression=True)
    return buffer.getvalue()


def devkit(root: Path, ids: Mapping[str, int], truth: Sequence[int]) -> Path:
    """Write ILSVRC2012_devkit_t12.tar.gz: meta.mat, and the ground truth by the kit's own numbers."""
    inside = "ILSVRC2012_devkit_t12"
    files = {
        f"{inside}/readme.txt": b"read me",
        f"{inside}/data/meta.mat": meta_mat(ids),
        f"{inside}/data/ILSVRC2012_validation_ground_truth.txt": "".join(f"{n}\n" for n in truth).encode(),
    }
    path = root / "ILSVRC2012_devkit_t12.tar.gz"
    path.write_bytes(gzip.compress(tar(files), 1))
    return path


def ilsvrc(
    root: Path,
    train: Mapping[str, Sequence[tuple[str, bytes]]],
    validation: Sequence[tuple[str, bytes]] = (),
    ids: Mapping[str, int] | None = None,
    truth: Sequence[int] = (),
) -> Path:
    """Write ILSVRC2012's archives: a tar of a tar for each class, a flat tar, and the devkit."""
    root.mkdir(parents=True, exist_ok=True)
    if train:
        inner = [(f"{wnid}.tar", tar(files)) for wnid, files in train.items()]
        (root / "ILSVRC2012_img_train.tar").write_bytes(tar(inner))
    if validation:
        (root / "ILSVRC2012_img_val.tar").write_bytes(tar(validation))
    if ids is not None:
        devkit(root, ids, truth)
    return root
