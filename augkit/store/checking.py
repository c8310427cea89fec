"""Checking a data set against its manifest and marker: every later harm is found and named."""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from augkit.errors import StoreError, UsageError
from augkit.store import disk, manifest, sites
from augkit.store.formats import FORMATS
from augkit.store.sites import Mirror, Site
from augkit.store.trusted import Trusted, stamped

VERSION = 2  # of the marker
_SHOWN = 20


@dataclasses.dataclass(frozen=True)
class Verified:
    """Say whether a data set is what it was when it was finished.

    Attributes:
        out:      the folder, or the URL.
        pictures: how many pictures the manifest names.
        problems: what is wrong, a sentence each.
        trusted:  how many files were not hashed, since an earlier check found them right, and neither their
            size nor their times have changed.
    """

    out: Path | str
    pictures: int
    problems: tuple[str, ...]
    trusted: int = 0

    @property
    def ok(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problems

    def text(self) -> str:
        """Return the result as `augkit verify` prints it."""
        if self.ok:
            files = f"{self.trusted:,} file{'s' if self.trusted > 1 else ''}"
            less = (
                f" ({files} trusted, of the size and times that an earlier check saw)" if self.trusted else ""
            )
            return f"{self.out}: whole: {self.pictures:,} pictures as they were written{less}"
        lines = [f"  {problem}" for problem in self.problems[:_SHOWN]]
        if len(self.problems) > _SHOWN:
            lines.append(f"  and {len(self.problems) - _SHOWN:,} more")
        head = f"{self.out}: harmed: {len(self.problems):,} problem{'s' if len(self.problems) > 1 else ''}"
        return "\n".join([head, *lines, "  fix: make it anew with --overwrite"])

    def canonical(self) -> dict[str, Any]:
        """Return it as plain data."""
        found = {"whole": self.ok, "out": str(self.out), "pictures": self.pictures}
        found |= {"trusted": self.trusted} if self.trusted else {}
        return {**found, "problems": list(self.problems)}


def marker(out: Path) -> dict[str, Any] | None:
    """Return what the completion marker says, or None where there is none."""
    try:
        said = json.loads((out / disk.MARKER).read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


class Tally:
    """Hash a set of files, in any order and in little memory: a sum of hashes, modulo 2**256."""

    def __init__(self) -> None:
        self.count = 0
        self._sum = 0

    def add(self, path: str, digest: str = "") -> None:
        """Add a file by its path and hash, or by its path alone."""
        line = f"{path}\0{digest}\n".encode("utf-8", "surrogateescape")
        self._sum = (self._sum + int.from_bytes(hashlib.sha256(line).digest(), "big")) % 2**256
        self.count += 1

    def hex(self) -> str:
        """Return the sum as 64 digits."""
        return f"{self._sum:064x}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tally) and (self.count, self._sum) == (other.count, other._sum)

    __hash__ = None  # type: ignore[assignment]


def tree_hash(out: str | Path) -> str:
    """Return the hex hash over names and contents of everything but `.augkit/run` and the marker.

    It is the sum, modulo 2**256, of SHA-256("path NUL hash newline") of each file.
    """
    root, tally = Path(out), Tally()
    for path in disk.files(root):
        if path != disk.MARKER:
            tally.add(path, disk.sha256(root / path))
    return tally.hex()


def marked(pictures: int, tree: str, others: dict[str, str], version: int = VERSION) -> bytes:
    """Return the completion marker of a data set, as it is written.

    Args:
        pictures: how many there are.
        tree:     the hash of the whole tree.
        others:   path → SHA-256 of every file that is not one picture.
        version:  of the marker; in 1 the tree's hash went over the files in the order of their paths.
    """
    said = {"version": version, "pictures": pictures, "tree": tree, "files": others}
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


def verify(out: str | Path, *, incremental: bool = False) -> Verified:
    """Compare every file and folder of a finished data set with what was written.

    Args:
        out:         the folder, or the URL.
        incremental: whether to hash only what no earlier incremental check found right, or what has changed
            in size or times since; such a check, when stopped, carries on.  A disk that loses bits without a
            word is found by a full check alone.

    Raises:
        StoreError: there is no data set, it was never finished, or it cannot be read.
        UsageError: an incremental check is asked for at a URL.
    """
    with sites.at(out) as site:
        if incremental and isinstance(site, Mirror):
            problem = "an incremental check looks at the times of files, which objects do not have"
            raise UsageError(problem, where=site.name, fix="verify without --incremental")
        return verified(site, incremental=incremental)


def verified(site: Site, *, incremental: bool = False) -> Verified:
    """Do what `verify` does with a data set that is looked at already."""
    try:
        said = marker(site.root)
        if said is None:
            raise _absent(site)
        return _verified(site, said, incremental)
    except OSError as error:
        where = str(error.filename or site.name)
        raise StoreError(f"cannot be read ({error.strerror or error})", where=where) from error


def _absent(site: Site) -> StoreError:
    if (site.root / disk.PLAN).exists():
        fix = "run the command that makes it again: it carries on"
        return StoreError("it is not finished", where=site.name, fix=fix)
    return StoreError(
        "augkit made no data set here",
        where=site.name,
        fix="give the folder that augkit generate or build made",
    )


def _verified(site: Site, said: dict[str, Any], incremental: bool) -> Verified:
    root, others = site.root, said.get("files")
    if not isinstance(others, dict) or manifest.FILE not in others:
        return Verified(site.out, 0, (f"{disk.MARKER}: it is damaged",))
    if _digest(site, manifest.FILE) != others[manifest.FILE]:  # which pictures there should be is not known
        wrong = (told for _, _, told in _looked(site, sorted(others.items())) if told)
        return Verified(site.out, 0, tuple(wrong))
    trusted = Trusted(root, len(others) + manifest.count(root)) if incremental else None
    problems: list[str] = []
    names, count = Tally(), [0]
    expected = _expected(site, others, problems, names, count, trusted)
    version = 1 if said.get("version") == 1 else VERSION
    tree = _tree(expected, version)
    problems += _added(site, others, names)
    if not any(problem.startswith(f"{disk.PLAN}:") for problem in problems):
        problems += _compare_folders(site)
    whole = marked(count[0], tree, others, version)
    if not disk.regular(root / disk.MARKER) or (root / disk.MARKER).read_bytes() != whole:
        problems.append(f"{disk.MARKER}: it was changed")
    return Verified(site.out, count[0], tuple(problems), trusted.hits if trusted is not None else 0)


def _expected(
    site: Site,
    others: dict[str, str],
    problems: list[str],
    names: Tally,
    count: list[int],
    trusted: Trusted | None,
) -> Iterator[tuple[str, str]]:
    """Yield the path and hash of each file that there should be, and look at it.

    Problems are told, names added up, and pictures counted on the way.
    """

    def files() -> Iterator[tuple[str, str]]:
        yield from sorted(others.items())
        for path, digest in manifest.files(site.root):
            count[0] += 1
            if path not in others:  # else it holds several
                yield path, digest

    for path, digest, told in _looked(site, files(), trusted):
        if told:
            problems.append(told)
        names.add(path)
        yield path, digest


def _tree(files: Iterable[tuple[str, str]], version: int) -> str:
    if version == 1:
        whole = hashlib.sha256()
        for path, digest in sorted(files):
            whole.update(f"{path}\0{digest}\n".encode("utf-8", "surrogateescape"))
        return whole.hexdigest()
    tally = Tally()
    for path, digest in files:
        tally.add(path, digest)
    return tally.hex()


def _added(site: Site, others: dict[str, str], names: Tally) -> list[str]:
    """Name the files that are more than there should be; all names are held only where some are wrong."""
    there = Tally()
    for path in site.files():
        if path != disk.MARKER:
            there.add(path)
    if there == names:
        return []
    known = {disk.MARKER, *others, *(path for path, _ in manifest.files(site.root))}
    return [f"{path}: it was added" for path in sorted(set(site.files()) - known)]


def _compare_folders(site: Site) -> list[str]:
    """Compare the folders: one more or less, even if empty, gives others' classes other numbers."""
    there = site.folders()
    if there is None:
        return []
    plan = json.loads((site.root / disk.PLAN).read_text("utf-8"))
    kept = FORMATS[plan.get("format", "folder")]
    expected = {disk.PRIVATE, *kept.folders(plan["source"], plan["folders"])}
    missing = [f"{path}: the folder is missing" for path in sorted(expected - there)]
    return [*missing, *(f"{path}: the folder was added" for path in sorted(there - expected))]


def _looked(
    site: Site, files: Iterable[tuple[str, str]], trusted: Trusted | None = None
) -> Iterator[tuple[str, str, str]]:
    """Yield of each file its path, its hash as it should be, and what is wrong with it, or nothing.

    The few files of augkit's own are never trusted: all else is judged by them.
    """
    if trusted is None:
        files, same = itertools.tee(files)
        for (path, digest), there in zip(files, site.digests(path for path, _ in same), strict=True):
            yield path, digest, _wrong(path, digest, there)
        return
    for number, (path, digest) in enumerate(files):
        stamp = stamped(site.root / path)
        own = path.startswith(f"{disk.PRIVATE}/")
        told = "" if not own and trusted.holds(number, stamp) else _wrong(path, digest, _digest(site, path))
        if not (own or told):
            trusted.add(number, stamp)
        yield path, digest, told


def _wrong(path: str, digest: str, there: str | None) -> str:
    """Say what is wrong with a file, or nothing."""
    if there is None:
        return f"{path}: it is missing"
    return "" if there == digest else f"{path}: it was changed"


def _digest(site: Site, path: str) -> str | None:
    return next(iter(site.digests([path])))
