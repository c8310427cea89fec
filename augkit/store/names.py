"""Names of files and folders that no file system trips over and no class name can lead out of the folder."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence

from augkit.errors import StoreError

_UNSAFE = re.compile(r'[\x00-\x1f\x7f-\x9f<>:"/\\|?*\u200b-\u200f\u2028-\u202e\ud800-\udfff\ufffd]+')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # devices on Windows
WAS = "-was-"  # stands in the name of a copy with another label, before its source's class
_LONGEST = 120  # bytes; leaves room for copy number and extension within the usual 255


def safe(name: str) -> str:
    """Return `name` as one harmless path component: composed, without separators and controls, not long.

    A name that is already harmless comes back as it is; others may collide and are checked by `folders` and
    `stems`.
    """
    text = _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).lstrip("-. ").rstrip(". ")
    if not text or _RESERVED.fullmatch(text):
        text = f"_{text}"
    if len(text.encode()) > _LONGEST:
        text = text.encode()[: _LONGEST - 9].decode("utf-8", "ignore") + "-" + _digest(name)
    return text


def folders(classes: Sequence[str]) -> tuple[str, ...]:
    """Return the folder of each class; sorted as text, they stand in the order of the classes.

    Keras and torchvision number classes by sorted folder names, so where the safe names would sort otherwise,
    numbers are padded ("2" → "02") and other names numbered ("03-stop").

    Raises:
        StoreError: two classes differ only in case, composition or characters that a folder name cannot hold.
    """
    names = [safe(name) for name in classes]
    seen: dict[str, str] = {}
    for given, name in zip(classes, names, strict=True):
        other = seen.setdefault(_folded(name), given)
        if other is not given:
            problem = f"the classes {other!r} and {given!r} would share one folder, {name!r}"
            raise StoreError(problem, fix="rename one of them")
    if names == sorted(names):
        return tuple(names)
    if all(name.isascii() and name.isdecimal() for name in names):
        padded = [name.zfill(max(map(len, names))) for name in names]
        if padded == sorted(set(padded)):
            return tuple(padded)
    width = len(str(len(names) - 1))
    return tuple(f"{number:0{width}d}-{name}" for number, name in enumerate(names))


def stems(keys: Sequence[str], labels: Sequence[int]) -> list[str]:
    """Return the file name, without copy number and extension, of each source picture of one split.

    It is the last part of the key without its extension; where two of one class would share it, both get a
    few digits of their key's hash, and so does one that looks like the name of a relabelled copy.
    """
    plain = [safe(_stem(key)) for key in keys]
    users: dict[tuple[int, str], int] = defaultdict(int)
    for label, name in zip(labels, plain, strict=True):
        users[label, _folded(name)] += 1
    return [
        name if users[label, _folded(name)] == 1 and WAS not in name else f"{name}-{_digest(key)}"
        for key, label, name in zip(keys, labels, plain, strict=True)
    ]


def _stem(key: str) -> str:
    last = key.rsplit("/", 1)[-1]
    stem, dot, extension = last.rpartition(".")
    return stem if dot and stem and len(extension) <= 4 else last


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
