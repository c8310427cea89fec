"""MNIST, Fashion-MNIST, Kuzushiji-MNIST: 60,000 and 10,000 grey pictures of 28×28, from IDX files or the hub.

Sources: LeCun et al. 1998; Xiao, Rasul, Vollgraf 2017 (arXiv:1708.07747); Clanuwat et al. 2018
    (arXiv:1812.01718).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from augkit.sources import checksums, hub, idx
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

CLASSES: dict[str, tuple[str, ...]] = {
    "mnist": tuple("0123456789"),
    "fashion-mnist": (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker",
        "Bag", "Ankle boot",
    ),
    "kmnist": ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
}  # fmt: skip
HUB = {
    "mnist": "ylecun/mnist",
    "fashion-mnist": "zalando-datasets/fashion_mnist",
    "kmnist": "tanganke/kmnist",
}
_FILES = {"train": "train", "test": "t10k"}


def read(request: Request) -> DatasetDict:
    """Read the splits train and test, from a folder of four IDX files or, where none is given, from the hub.

    Keys are as mnist-train-00000, in the order of the files.

    Raises:
        SourceError: a file is missing, torn or another; or the hub cannot be asked.
    """
    from datasets import DatasetDict

    classes = CLASSES[request.name]
    if not request.where:
        return hub.published(request, HUB[request.name], classes=classes)
    folder = request.folder("a folder of IDX files")
    files = {
        split: (idx.found(folder, f"{stem}-images"), idx.found(folder, f"{stem}-labels"))
        for split, stem in _FILES.items()
    }
    checksums.check(request, [path for pair in files.values() for path in pair])
    return DatasetDict(
        {split: idx.dataset(*pair, classes, keys=f"{request.name}-{split}-") for split, pair in files.items()}
    )
