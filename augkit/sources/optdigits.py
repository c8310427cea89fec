"""Optical digits: 1,797 handwritten digits of 8×8 in 17 levels of grey, that come inside scikit-learn.

Source: Alpaydin & Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI; its test part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from augkit import codec
from augkit.errors import SourceError
from augkit.sources import records
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

CLASSES = tuple("0123456789")


def read(request: Request) -> DatasetDict:
    """Read the digits into one split, "train", with keys from optdigits-0000; levels 0 to 16 become 0 to 255.

    Raises:
        SourceError: scikit-learn is not installed.
    """
    from datasets import DatasetDict

    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        fix = "pip install scikit-learn"
        raise SourceError("scikit-learn is not installed", where=str(request), fix=fix) from error
    data = load_digits()
    images = [codec.encode(np.rint(grey * (255 / 16)).astype(np.uint8)[:, :, None]) for grey in data.images]
    keys = [f"optdigits-{number:04d}" for number in range(len(images))]
    return DatasetDict(train=records.dataset(keys, images, data.target.tolist(), CLASSES))
