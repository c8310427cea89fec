"""ImageNet (ILSVRC2012): 1,000 classes, 1,281,167 photographs to train on and 50,000 to validate.

From its archives, which are listed once and then read in place, nothing unpacked and nothing copied; from a
tree; or from the hub.  Classes are called by their WordNet ids, in sorted order; keys are the files'
original names.

Source: Russakovsky et al. 2015 (arXiv:1409.0575).
"""

from __future__ import annotations

import collections
import re
from typing import TYPE_CHECKING

from augkit.errors import SourceError
from augkit.sources import checksums, columns, devkit, hub, imagenet_archives, imagenet_tree, records
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import Dataset, DatasetDict

HUB = "ILSVRC/imagenet-1k"
_HUB_NAME = re.compile(r"(.+)_(n\d{8})(\.\w+)")  # of a picture there: the original's, then its class


def read(request: Request) -> DatasetDict:
    """Read the splits train and validation, whichever are there.

    The column `repair` says what is done to a picture that is not what its name says (see `repairs`); where
    it is empty the bytes are the published ones.  (From the hub it is empty, and each picture is repaired
    when it is read.)

    Raises:
        SourceError: there is neither archive nor tree, one is torn or incomplete, or the hub refuses.
    """
    from datasets import DatasetDict

    if not request.where:
        return _called_as_published(hub.published(request, HUB))
    root = request.folder("the folder of ILSVRC2012's archives, or of what was in them")
    archives, kit = imagenet_archives.found(root), devkit.found(root)
    if archives:
        checksums.check(request, [*archives.values(), *([kit] if kit is not None and kit.is_file() else [])])
        parts = imagenet_archives.read(archives, kit, root)
    else:
        parts = imagenet_tree.read(root, kit)
    _tell(parts, request)
    return DatasetDict(parts)


def _tell(parts: dict[str, Dataset], request: Request) -> None:
    """Say how many pictures of each split need which repair."""
    for split, part in parts.items():
        counts = collections.Counter(said for said in part["repair"][:] if said)
        for said, number in sorted(counts.items()):
            request.say(f"{split}: {number:,} × {said}.")


def _called_as_published(data: DatasetDict) -> DatasetDict:
    """Give pictures and classes of the hub their original names, which its file names hold."""
    from datasets import DatasetDict

    split_names = {
        split: [_HUB_NAME.fullmatch(key) for key in records.keys(part)] for split, part in data.items()
    }
    wnid: dict[int, str] = {}
    for split, part in data.items():
        for label, name in zip(records.labels(part).tolist(), split_names[split], strict=True):
            if name is None or wnid.setdefault(label, name[2]) != name[2]:
                raise SourceError("its file names are not those of ImageNet", where=HUB)
    known = records.class_names(data)
    if len(wnid) != len(known):
        raise SourceError(f"pictures of {len(wnid)} classes, want {len(known)}", where=HUB)
    classes = [wnid[label] for label in range(len(known))]
    if classes != sorted(classes):
        raise SourceError("its classes are not in the order of their WordNet ids", where=HUB)
    parts = {}
    for split, part in data.items():
        keys = [name[1] + name[3] for name in split_names[split] if name is not None]
        parts[split] = columns.joined(part, keys, records.labels(part), classes, repair=[""] * len(keys))
    return DatasetDict(parts)
