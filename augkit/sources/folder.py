"""A folder of pictures: root/class/picture, root/split/class/picture, or a data set that augkit wrote."""

from __future__ import annotations

import dataclasses
import os
import re
import unicodedata
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from augkit.errors import SourceError
from augkit.sources import members, own, records, urls
from augkit.sources.request import Request

if TYPE_CHECKING:
    from datasets import DatasetDict

EXTENSIONS = (".png", ".jpg", ".jpeg", ".bmp", ".webp", ".gif", ".tif", ".tiff", ".ppm", ".pgm")

SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
    "eval": "test",
    "evaluation": "test",
}
_ORDER = ("train", "validation", "test")
_SIGNS = {  # what the files of other sources are called
    "imagenet": r"^ILSVRC2012_img_\w+\.tar$",
    "emnist": r"^emnist-.*-ubyte(\.gz)?$",
    "mnist": r"^train-images.idx3-ubyte(\.gz)?$",
    "svhn": r"_32x32\.mat$",
    "usps": r"^usps(\.t)?\.bz2$",
    "parquet": r"\.parquet$",
    "webdataset": r"\.tar$",
}
_EXPECTED = (".txt", ".json", ".csv", ".md", ".yaml", ".yml", ".html", ".db", ".ini")
"""Suffixes of what may be expected beside pictures: notes, tables, policies, pages, file browsers' own."""
_NAMED = 4  # suffixes

_LAYOUT = "give each class a folder of its own: root/class/picture, or root/split/class/picture"


@dataclasses.dataclass(frozen=True)
class Listing:
    """Hold what stands directly in a folder, sorted by name; links and hidden entries are not among it.

    Attributes:
        path:     the folder.
        folders:  the names of the folders in it.
        pictures: the names of the files in it whose extension is a picture's.
        hidden:   the names of the folders in it that begin with a dot.
        odd:      the names of pipes, devices and sockets that are called like pictures.
        others:   suffix → how many other files have it, such as ".heic"; what is expected there is left out.
        sizes:    picture → its bytes, where the folder is at a URL.
    """

    path: str
    folders: list[str]
    pictures: list[str]
    hidden: list[str]
    odd: list[str]
    others: Counter[str] = dataclasses.field(default_factory=Counter)
    sizes: dict[str, int] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the folder's own name."""
        return os.path.basename(self.path)  # noqa: PTH119 - hot

    def inside(self) -> list[Listing]:
        """List each of the folders in it."""
        paths = [os.path.join(self.path, name) for name in self.folders]  # noqa: PTH118 - hot
        return list(urls.ahead(listed, paths)) if urls.is_url(self.path) else [listed(path) for path in paths]


def read(request: Request) -> DatasetDict:
    """Read a folder of class folders; classes are their names in the order of text, whatever numbers mean.

    Hidden folders are passed over, and so are pipes, devices and files of other kinds; that is said.

    Raises:
        SourceError: there are no pictures, they lie at uneven depth, it is unclear whether folders are
            splits or classes, a link stands among them, two classes differ only in how letters are
            composed, or augkit has not finished writing the folder.
    """
    if urls.is_url(request.where):
        top, root = listed(request.where), request.where
        if ".augkit" in top.hidden:
            return own.read(root)
    else:
        here = Path(request.where)
        if not here.is_dir():
            raise SourceError("got a file, want a folder", where=str(here), fix=_LAYOUT)
        if (here / ".augkit").is_dir() or (here / "augkit.json").exists():
            return own.read(str(here))
        top, root = listed(str(here.absolute())), str(here)
    seen: list[Listing] = []
    splits = _splits(top, seen)
    _tell(seen, request)
    classes = sorted({name for folders in splits.values() for name in folders})
    _check_names(classes, root)
    for name in classes:
        if not any(folders[name].pictures for folders in splits.values() if name in folders):
            fix = "remove its folder or fill it"
            raise SourceError(f"class {name!r} has no pictures", where=root, fix=fix)
    return _dataset(splits, classes)


def listed(path: str) -> Listing:
    """List a folder.

    Raises:
        SourceError: a picture or a folder in it is a link; or it is at a URL, and cannot be listed.
    """
    if urls.is_url(path):
        return _listed_there(path)
    listing = Listing(path, [], [], [], [])
    with os.scandir(path) as entries:
        for entry in entries:
            picture = entry.name.lower().endswith(EXTENSIONS)
            if entry.name.startswith("."):
                if entry.is_dir(follow_symlinks=False):
                    listing.hidden.append(entry.name)
            elif entry.is_symlink() and (picture or entry.is_dir()):
                fix = "put the files themselves"
                raise SourceError("a link: links are not followed", where=entry.path, fix=fix)
            elif entry.is_dir(follow_symlinks=False):
                listing.folders.append(entry.name)
            elif picture:
                kind = listing.pictures if entry.is_file(follow_symlinks=False) else listing.odd
                kind.append(entry.name)
            elif entry.is_file(follow_symlinks=False):
                _count(entry.name, listing.others)
    for names in (listing.folders, listing.pictures, listing.hidden, listing.odd):
        names.sort()
    return listing


def _listed_there(url: str) -> Listing:
    """List a folder at a URL: the names that begin with its own; without one they are none."""
    found = urls.inside(url)
    listing = Listing(url, [], [], [], [])
    for name, size in sorted(found.items()):
        if name.startswith("."):
            if size is None:
                listing.hidden.append(name)
        elif size is None:
            listing.folders.append(name)
        elif name.lower().endswith(EXTENSIONS):
            listing.pictures.append(name)
            listing.sizes[name] = size
        else:
            _count(name, listing.others)
    return listing


def _count(name: str, others: Counter[str]) -> None:
    """Count a file that is no picture by its suffix, unless it is expected among pictures."""
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122 - hot
    if suffix not in _EXPECTED:
        others[suffix] += 1


def _splits(top: Listing, seen: list[Listing]) -> dict[str, dict[str, Listing]]:
    """Return split → class → folder, and refuse what can be read in two ways; `seen` gets all listings."""
    root = top.path
    inner = top.inside()
    seen += [top, *inner]
    if top.pictures:
        raise SourceError(f"{top.pictures[0]} lies outside any class folder", where=root, fix=_LAYOUT)
    flat = [each for each in inner if each.pictures]
    deep = [each for each in inner if each.folders]
    if not flat and not deep:
        fix = _elsewhere(root) or f"{_LAYOUT}; {', '.join(EXTENSIONS)} are read"
        raise SourceError("found no pictures", where=root, fix=fix)
    if flat and deep:
        both = [each for each in flat if each.folders]
        where = (
            f"{both[0].name}/ holds folders" if both else f"in {flat[0].name}/, and deeper in {deep[0].name}/"
        )
        raise SourceError(f"pictures lie at uneven depth: {where}", where=root, fix=_LAYOUT)
    if flat:
        like = [each.name for each in flat if each.name.lower() in SPLITS]
        if like:
            problem = f"{like[0]}/ is called like a split but holds pictures, not classes"
            raise SourceError(problem, where=root, fix=f"{_LAYOUT}; as a class, put it under train/")
        return {"train": {_text(each.name): each for each in inner}}
    return _named_splits(root, inner, seen)


def _elsewhere(root: str) -> str:
    """Say which source reads a folder, where that can be told from the names in it."""
    inside = sorted(urls.inside(root) if urls.is_url(root) else os.listdir(root))  # noqa: PTH208
    for name, sign in _SIGNS.items():
        if any(re.search(sign, file) for file in inside):
            return f"write {name}:{root}"
    return ""


def _named_splits(root: str, inner: list[Listing], seen: list[Listing]) -> dict[str, dict[str, Listing]]:
    splits: dict[str, dict[str, Listing]] = {}
    first: dict[str, str] = {}
    for each in inner:
        split = SPLITS.get(each.name.lower())
        if split is None:
            problem = f"{each.name}/ holds folders, but is not called train, validation or test"
            raise SourceError(problem, where=root, fix=_LAYOUT)
        if split in splits:
            both = f"{first[split]}/ and {each.name}/ both mean {split}"
            raise SourceError(both, where=root, fix="merge them")
        classes = each.inside()
        seen += classes
        first[split], splits[split] = each.name, {_text(one.name): one for one in classes}
        for one in classes:
            if one.folders:
                problem = f"pictures lie at uneven depth: {each.name}/{one.name}/ holds folders"
                raise SourceError(problem, where=root, fix=_LAYOUT)
    return {split: splits[split] for split in _ORDER if split in splits}


def _tell(seen: list[Listing], request: Request) -> None:
    hidden = [os.path.join(each.path, name) for each in seen for name in each.hidden]  # noqa: PTH118
    odd = [os.path.join(each.path, name) for each in seen for name in each.odd]  # noqa: PTH118
    for what, paths in (("hidden folders", hidden), ("pipes, devices or sockets", odd)):
        if paths:
            more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
            request.say(f"Passed over {what}: {_text(paths[0])}{more}.")
    others = sum((each.others for each in seen), Counter[str]())
    if others:
        kinds = [f"{count:,} {_text(suffix) or 'without a suffix'}" for suffix, count in _most(others)]
        more = f" and {len(others) - _NAMED} more kinds" if len(others) > _NAMED else ""
        request.say(f"Passed over files of kinds that are not read: {', '.join(kinds)}{more}.")


def _most(others: Counter[str]) -> list[tuple[str, int]]:
    """Return the suffixes that most files have, and how many have each."""
    return sorted(others.items(), key=lambda each: (-each[1], each[0]))[:_NAMED]


def _check_names(classes: list[str], root: str) -> None:
    """Refuse classes that look the same: "café" is written in two ways, and file systems differ in which."""
    seen: dict[str, str] = {}
    for name in classes:
        other = seen.setdefault(unicodedata.normalize("NFC", name), name)
        if other is not name:
            problem = f"the classes {other!a} and {name!a} differ only in how letters are composed"
            raise SourceError(problem, where=root, fix="give both folders the same name")


def _dataset(splits: dict[str, dict[str, Listing]], classes: list[str]) -> DatasetDict:
    from datasets import DatasetDict

    place = {name: number for number, name in enumerate(classes)}
    parts = {}
    for split, folders in splits.items():
        keys: list[str] = []
        images: list[bytes | str] = []
        labels: list[int] = []
        for name, each in folders.items():
            keys += [f"{name}/{_text(file)}" for file in each.pictures]
            images += [_cell(f"{each.path}/{file}", each.sizes.get(file)) for file in each.pictures]
            labels += [place[name]] * len(each.pictures)
        parts[split] = records.dataset(keys, images, labels, classes)
    return DatasetDict(parts)


def _cell(path: str, size: int | None = None) -> bytes | str:
    """Give the path of a file, or its bytes where the path is not text (Arrow holds text only).

    What is at a URL is given with its `size`, so that nobody has to ask for that again.
    """
    if size is not None:
        return members.reference(path, 0, size)
    try:
        path.encode()
    except UnicodeEncodeError:
        return Path(path).read_bytes()
    return path


def _text(name: str) -> str:
    """Make a file name text: bytes that are not UTF-8 become escapes, as in \\xff."""
    if name.isascii():
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace")
