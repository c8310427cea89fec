"""Files of ImageNet that are not what their names say, told from their headers, and made what they should be.

Known: `n02105855_2933.JPEG` is a PNG file, 22 training pictures and one for validation are CMYK, and some
EXIF blocks do not parse.  Pictures are not turned by EXIF: published accuracies did not.
"""

from __future__ import annotations

import struct
import warnings
from collections.abc import Callable, Iterator

from augkit import codec
from augkit.errors import PictureError

REPAIRS = {
    "png": "a PNG file under a JPEG's name; kept as it is",
    "cmyk": "CMYK, made RGB and stored as PNG",
    "exif": "EXIF that does not parse, taken out",
    "turned": "EXIF asks to turn it; taken out, because published accuracies did not turn it",
}

_FIRST = 4096  # bytes: most headers end here
_PNG, _JPEG, _END = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", b"\xff\xd9"
_SCAN, _APP1 = 0xDA, 0xE1
_META = (b"Exif\0", b"http://ns.adobe.com/xap/1.0/\0")  # both may carry an orientation


def needed(read: Callable[[int], bytes], size: int) -> str:
    """Return the name of the repair a file called *.JPEG needs, or "".

    Args:
        read: gives the file's first so many bytes.
        size: how many it has.
    """
    for most in (_FIRST, 1 << 16, size):
        head = read(min(most, size))
        if head.startswith(_PNG):
            return "png"
        if not head.startswith(_JPEG):
            return ""
        whole = _header(head)
        if whole is not None:
            return _told(whole)
        if most >= size:
            break
    return ""  # torn: the codec says so when its turn comes


def repaired(data: bytes, repair: str) -> bytes:
    """Return a file's bytes after a repair; where it fails unchanged, and the codec says what is wrong."""
    if repair == "cmyk":
        try:
            return codec.encode(codec.decode(data, orient=False))
        except PictureError:
            return data
    if repair in ("exif", "turned"):
        kept = [
            data[start:end] for start, end, marker in _segments(data) if not _is_meta(data, start, marker)
        ]
        return b"".join(kept) if kept else data
    return data


def mended(data: bytes) -> bytes:
    """Return a file's bytes after whichever repair they need."""
    return repaired(data, needed(lambda most: data[:most], len(data)))


def _header(head: bytes) -> bytes | None:
    """Return a JPEG's bytes up to its first scan; None where that is not among those given."""
    for start, _, marker in _segments(head):
        if marker == _SCAN:
            return head[:start]
    return None


def _told(header: bytes) -> str:
    whole = header + _END  # the codec wants an end
    try:
        found = codec.peek(whole)
    except PictureError:
        return ""
    if found.channels == 0:
        return "cmyk"
    if found.orientation != 1:
        return "turned"
    broken = any(
        _is_exif(header, start, marker) and not _parses(header[start + 4 : end])
        for start, end, marker in _segments(header)
    )
    return "exif" if broken else ""


def _parses(block: bytes) -> bool:
    from PIL import Image

    exif = Image.Exif()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of what it cannot follow
            exif.load(block)
            dict(exif)
    except Exception:  # whatever it is: it does not parse
        return False
    return True


def _is_exif(data: bytes, start: int, marker: int) -> bool:
    return marker == _APP1 and data[start + 4 :].startswith(_META[0])


def _is_meta(data: bytes, start: int, marker: int) -> bool:
    return marker == _APP1 and data[start + 4 : start + 40].startswith(_META)


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, marker) of a JPEG's segments; the scan is the last and reaches to the end."""
    yield 0, 2, data[1]
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # a fill byte
            yield at, at + 1, marker
            at += 1
            continue
        if marker == _SCAN:
            yield at, len(data), marker
            return
        end = at + 2 + struct.unpack_from(">H", data, at + 2)[0]
        if end > len(data):
            return
        yield at, end, marker
        at = end
