"""Names of files and folders that no file system trips over and no class name can lead out of the folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from augkit import keys as addresses
from augkit.errors import StoreError

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200b-\u200f\u2028-\u202e\ud800-\udfff\ufffd]+')
_PLAIN = re.compile(r"\w[\w-]{0,99}", re.ASCII)
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices on Windows
WAS = "-was-"  # stands in the name of a copy with another label, before its source's class
_LONGEST = 100  # bytes; a relabelled copy's name holds two such and a digest, within the usual 255


def safe(name: str) -> str:
    """Return `name` as one harmless path component: composed, without separators and controls, not long.

    A name that is already harmless comes back as it is; others may collide, which `folders` and `stems` see
    to.
    """
    if _PLAIN.fullmatch(name) and not _RESERVED.fullmatch(name):
        return name
    text = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).lstrip("-. ").rstrip(". ")
    if not text or _RESERVED.fullmatch(text):
        text = f"_{text}"
    if len(text.encode()) > _LONGEST:
        text = text.encode()[: _LONGEST - 17].decode("utf-8", "ignore") + "-" + _digest(name)
    return text


def harmless(path: str) -> bool:
    """Tell whether a path leads nowhere but down: relative, and of components such as `safe` leaves.

    How long they are is not looked at.
    """
    return not any(not part or part.startswith(".") or _UNSAFE.search(part) for part in path.split("/"))


def folders(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the folder of each class: its name, or for all classes a number where one name would not do.

    Sorted as text the folders stand in the order of the classes, because Keras and torchvision number
    classes by sorted folders; no two differ in case alone, because some file systems hold them for one; and
    a number stands for its class's label, because `datasets` then gives the class its own name.

    Raises:
        StoreError: two classes differ only in how their letters are composed: they look the same.
    """
    seen: dict[str, str] = {}
    for name in classes:
        other = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if other is not name:
            problem = f"the classes {other!a} and {name!a} differ only in how letters are composed"
            raise StoreError(problem, fix="rename one of them, or make them one class")
    alike = len({_folded(name) for name in classes}) < len(classes)
    if not alike and list(classes) == sorted(classes) and all(safe(name) == name for name in classes):
        return tuple(classes)
    place = {name: number for number, name in enumerate(classes)}
    width = len(str(len(classes) - 1))
    while True:
        numbers = [f"{number:0{width}d}" for number in range(len(classes))]
        if all(place.get(text, number) == number for number, text in enumerate(numbers)):
            return tuple(numbers)
        width += 1  # a class is called like another's number: "1" stands first, as in 1 to 12


class Stems:
    """Name the source pictures of one split: file names without copy number and extension.

    It is the last part of the key without its extension; where two of one class would share it, both get a
    few digits of their key's hash, and so does one that looks like the name of a relabelled copy.  (That is
    how another source may change the name of a file; it never changes what the file holds.)

    What is kept of a split is 8 bytes for each source, and of those the ones that are not alone.
    """

    def __init__(self, keys: Iterable[str], labels: NDArray[np.int64]) -> None:
        words = (self._word(safe(_stem(key)), label) for key, label in zip(keys, labels, strict=True))
        found = np.fromiter(words, dtype=np.uint64, count=len(labels))
        different, counts = np.unique(found, return_counts=True)
        self._shared = set(different[counts > 1].tolist())

    @staticmethod
    def _word(name: str, label: int) -> int:
        return addresses.word(f"{label}/{_folded(name)}")

    def of(self, keys: Sequence[str], labels: Sequence[int]) -> list[str]:
        """Return the names of some of the sources."""
        return [self._one(safe(_stem(key)), key, label) for key, label in zip(keys, labels, strict=True)]

    def _one(self, name: str, key: str, label: int) -> str:
        alone = self._word(name, label) not in self._shared and WAS not in name
        return name if alone else f"{name}-{_digest(key)}"


def stems(keys: Sequence[str], labels: Sequence[int]) -> list[str]:
    """Return the names of all sources of a split (see `Stems`)."""
    return Stems(keys, np.asarray(labels, dtype=np.int64)).of(keys, labels)


def _stem(key: str) -> str:
    last = key.rsplit("/", 1)[-1]
    stem, dot, extension = last.rpartition(".")
    return stem if dot and stem and len(extension) <= 4 else last


def _folded(name: str) -> str:
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", name).casefold()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
