"""Places named by a URL, such as s3://bucket/photos: whatever fsspec speaks to.

Credentials never stand in a URL.  The libraries behind fsspec find them where they always are: in the
environment, in a profile, in the role of the machine.
"""

from __future__ import annotations

import collections
import errno
import io
import re
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from augkit.errors import SourceError, UsageError

_FORM = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_SECRET = re.compile(r"(?<=://)[^/@\s]*@|[?#]\S*")
_HERE = ("file", "local")
_WAITS = (0.2, 0.8, 3.2)  # seconds before another try; the libraries have tried several times by then
_AT_ONCE = 16  # requests in flight
_BLOCK = 8 << 20  # bytes that are read ahead of what is asked for in a large object
_LIBRARIES = (
    "adlfs",
    "aiobotocore",
    "aiohttp",
    "azure",
    "botocore",
    "gcsfs",
    "google",
    "requests",
    "urllib3",
)
_LASTING = (errno.EINVAL, errno.EACCES, errno.EPERM, errno.ENOENT, errno.EEXIST, errno.ENOSPC)

T = TypeVar("T")
R = TypeVar("R")


def is_url(text: str) -> bool:
    """Tell a URL from a path."""
    return _FORM.match(text) is not None


def checked(text: str) -> str:
    """Return a place as it is used: a URL without a slash at its end, or a path; file:// becomes a path.

    Raises:
        UsageError: the URL holds a password or a signature, is chained, or names no bucket.
    """
    form = _FORM.match(text)
    if form is None:
        if re.match(r"\w+::", text):
            raise UsageError("a chain of URLs", where=hidden(text), fix="name one place: s3://bucket/photos")
        return text
    shown, scheme, rest = hidden(text), form[1].lower(), text[form.end() :]
    if scheme in _HERE:
        return rest or "/"
    user = rest.partition("/")[0].rpartition("@")[0]
    fix = "leave it out: credentials are taken from the environment, a profile, or the machine's role"
    if ":" in user:
        raise UsageError("this URL holds a password", where=shown, fix=fix)
    if "?" in rest or "#" in rest:
        raise UsageError("this URL holds a query, such as a signature", where=shown, fix=fix)
    if "::" in text:
        raise UsageError("a chain of URLs", where=shown, fix="name one place: s3://bucket/photos")
    name = rest.strip("/")
    if not name or any(part in ("", ".", "..") for part in name.split("/")):
        raise UsageError("this URL names no place", where=shown, fix="write s3://bucket/photos")
    return f"{scheme}://{'/' if rest.startswith('/') else ''}{name}"


def hidden(text: str) -> str:
    """Return text in which what may be secret in URLs (a user, a query) is an ellipsis."""
    return _SECRET.sub(lambda found: "…@" if found[0].endswith("@") else f"{found[0][0]}…", text)


def system(url: str) -> Any:
    """Return fsspec's file system for a URL.

    Raises:
        UsageError: nobody speaks its protocol, or what does is not installed.
    """
    import fsspec

    scheme = url.partition("://")[0]
    try:
        kind = fsspec.get_filesystem_class(scheme)
    except ValueError:
        fix = "write s3://bucket/…, gs://bucket/…, or a path"
        raise UsageError(f"nobody speaks {scheme}://", where=url, fix=fix) from None
    except ImportError as error:
        fix = "pip install 'augkit[s3]'" if scheme in ("s3", "s3a") else f"install it: {error}"
        raise UsageError(f"what speaks {scheme}:// is not installed", where=url, fix=fix) from None
    return kind(use_listings_cache=False)


def read(url: str, offset: int = 0, count: int = -1) -> bytes:
    """Return the bytes of an object, or `count` of them from `offset` on; patiently.

    Raises:
        FileNotFoundError, PermissionError: there is no such object, or it is not for us.
        SourceError: it could not be read although it may be there, time and again.
    """
    if count == 0:
        return b""
    span = {} if count < 0 else {"start": offset, "end": offset + count}
    try:
        return bytes(patiently(lambda: system(url).cat_file(url, **span)))
    except (FileNotFoundError, PermissionError):
        raise
    except OSError as error:
        raise refused(error, url) from error


def inside(url: str) -> dict[str, int | None]:
    """Return what stands directly under a URL: name → size in bytes, None for a folder.

    Raises:
        SourceError: it cannot be listed, or nothing is there.
    """
    try:
        return entries(url)
    except OSError as error:
        raise refused(error, url) from error


def entries(url: str) -> dict[str, int | None]:
    """Return what `inside` does; raise OSError where it cannot be listed, or nothing is there."""

    def ask() -> list[dict[str, Any]]:
        return list(system(url).ls(url, detail=True))

    listed = patiently(ask)
    top = url.partition("://")[2].strip("/")
    found: dict[str, int | None] = {}
    for entry in listed:
        path = entry["name"].partition("://")[2] or entry["name"]
        if path.strip("/") != top:  # the folder itself, where somebody put an object for it
            name = path.rstrip("/").rpartition("/")[2]
            found[name] = None if entry["type"] == "directory" else int(entry["size"])
    return found


def below(url: str) -> list[str]:
    """Return the names of all objects below a URL; an empty name alone where it is an object itself.

    Raises:
        SourceError: they cannot be listed.
    """
    try:
        paths = patiently(lambda: list(system(url).find(url)))
    except OSError as error:
        raise refused(error, url) from error
    top = url.partition("://")[2].strip("/")
    inner = (path.partition("://")[2] or path for path in paths)
    return [path.strip("/").removeprefix(top).lstrip("/") for path in inner if not path.endswith("/")]


def opened(place: str) -> BinaryIO:
    """Open a file, or an object at a URL, to read from any place in it; patiently.

    Raises:
        FileNotFoundError: there is none.
        SourceError: it cannot be read, now or later.
    """
    if not is_url(place):
        return Path(place).open("rb")
    try:
        file = patiently(lambda: system(place).open(place, "rb", block_size=_BLOCK, cache_type="readahead"))
    except FileNotFoundError:
        raise
    except OSError as error:
        raise refused(error, place) from error
    return cast(BinaryIO, _Patient(file, place))


class _Patient(io.RawIOBase):
    """Read an open object, and read again what could not be read."""

    def __init__(self, file: Any, place: str) -> None:
        super().__init__()
        self._file, self._place = file, place

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._file.seek(offset, whence))

    def tell(self) -> int:
        return int(self._file.tell())

    def read(self, size: int = -1) -> bytes:
        at = self.tell()

        def again() -> bytes:
            self._file.seek(at)
            return bytes(self._file.read(size))

        try:
            return patiently(again)
        except OSError as error:
            raise refused(error, self._place) from error

    def close(self) -> None:
        self._file.close()
        super().close()


def stamp(place: str) -> str:
    """Return a text that changes when a file, or an object at a URL, is written anew."""
    if not is_url(place):
        stat = Path(place).stat()
        return f"{stat.st_size} {stat.st_mtime_ns}"
    try:
        said = patiently(lambda: system(place).info(place))
    except OSError as error:
        raise refused(error, place) from error
    return f"{said['size']} {said.get('ETag') or said.get('mtime') or said.get('LastModified') or ''}"


def patiently(do: Callable[[], T]) -> T:
    """Do something over a network; after an error that may pass, do it again, four times in all.

    Raises:
        OSError: whatever it was that went wrong.
    """
    for wait in (*_WAITS, None):
        try:
            return do()
        except Exception as error:
            told = _as_os_error(error)
            if told is None:
                raise
            if wait is None or lasting(told):
                raise told from error
            time.sleep(wait)
    raise AssertionError


def lasting(error: OSError) -> bool:
    """Tell an error that another try does not mend."""
    return isinstance(error, FileNotFoundError | PermissionError | FileExistsError) or error.errno in _LASTING


def _as_os_error(error: Exception) -> OSError | None:
    """Return what a library raised as an error of the operating system; None where it is a fault of ours."""
    if isinstance(error, OSError):
        return error
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"):
        return PermissionError(errno.EACCES, "no credentials were found")
    if type(error).__module__.partition(".")[0] in _LIBRARIES:
        return OSError(errno.EIO, hidden(str(error)))
    return None


def refused(error: OSError, url: str) -> SourceError:
    """Return what went wrong at a URL that is read, with a fix."""
    problem, fix = told(error, url)
    return SourceError(problem, where=url, fix=fix)


def told(error: OSError, url: str) -> tuple[str, str]:
    """Return what went wrong over a network, and what to do about it."""
    said = hidden(error.strerror or str(error))
    if isinstance(error, FileNotFoundError):
        return f"there is no such place ({said})", "check the name of the bucket, and the region"
    if isinstance(error, PermissionError):
        fix = "give credentials where its library looks for them, or ask for the right"
        if url.startswith(("s3://", "s3a://")):
            fix = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ask for the right"
        return f"not allowed ({said})", fix
    return f"cannot be reached ({said})", "run the same command again: it carries on"


def ahead(do: Callable[[T], R], items: Iterable[T], at_once: int = _AT_ONCE) -> Iterator[R]:
    """Yield `do(item)` of each, in order, while those that follow are under way in threads."""
    flying: collections.deque[Future[R]] = collections.deque()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            for item in items:
                flying.append(pool.submit(do, item))
                if len(flying) > at_once:
                    yield flying.popleft().result()
            while flying:
                yield flying.popleft().result()
        finally:
            for each in flying:
                each.cancel()
