"""PNG files, written fast: each row as differences to the pixel on the left, deflated by Intel's ISA-L.

Twice as fast as OpenCV at the same size of file, of digits seven times, and as lossless.
Source: ISO/IEC 15948:2004 (filter type 1, "Sub").
"""

from __future__ import annotations

import struct

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SUB = 1
_LEVEL = 3
"""Of ISA-L's levels 0 to 3.  1 and 2 are a little faster, but their bytes differ from process to process, now
and then."""

_SMALL = 64 * 64
"""Pixels.  Pictures of no more are deflated at level 0, in a seventh of the time.  Digits are then 40 %
larger than at level 3: as large as OpenCV writes them where they are resampled, 30 % larger where not."""

_COLOURS = {1: 0, 3: 2}
"""PNG's word for grey and for red, green, blue."""


_PROFILE = b"Raw profile type exif\0"
_TELLING = {b"eXIf": (b"",), b"tEXt": (_PROFILE,), b"zTXt": (_PROFILE,), b"iTXt": (b"XML:com.adobe.xmp\0",)}
"""Chunks that may tell the orientation, and what they begin with."""

_LENGTH = struct.Struct(">I").pack
_TYPED, _ENDED = isal_zlib.crc32(b"IDAT"), b"\0\0\0\0IEND\xae\x42\x60\x82"


def write(picture: NDArray[np.uint8]) -> bytes:
    """Return the bytes of a PNG file of 8 bits a channel, for a picture uint8 H×W×1 or H×W×3 (RGB)."""
    return write_batch(picture[None])[0]


def write_batch(pictures: NDArray[np.uint8]) -> list[bytes]:
    """Return the bytes of a PNG file for each of N pictures of one size, uint8 N×H×W×1 or N×H×W×3.

    The same as `write` one by one; of small pictures, ten times as many in a second.
    """
    count, height, width, channels = pictures.shape
    flat = pictures.reshape(count, height, width * channels)
    rows = np.empty((count, height, 1 + width * channels), np.uint8)
    rows[:, :, 0] = _SUB
    rows[:, :, 1 : channels + 1] = flat[:, :, :channels]
    np.subtract(flat[:, :, channels:], flat[:, :, :-channels], out=rows[:, :, channels + 1 :])
    said = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, _COLOURS[channels], 0, 0, 0)
    head = b"".join([_SIGNATURE, struct.pack(">I", 13), said, struct.pack(">I", isal_zlib.crc32(said))])
    level = 0 if width * height <= _SMALL else _LEVEL
    return [_file(head, isal_zlib.compress(each, level)) for each in rows]


def without_pixels(data: bytes) -> bytes:
    """Return a PNG file with the header of another, what may tell its orientation, and no data.

    Those may stand after the data, and a reader that looks for them there decodes the picture on the way.
    """
    found: dict[bytes, bytes] = {}
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], at + 8
        if kind == b"IEND":
            break
        telling = next((word for word in _TELLING.get(kind, ()) if data.startswith(word, body)), None)
        if telling is not None:
            found.setdefault(kind + telling, data[at : body + length + 4])
        at = body + length + 4
    return b"".join([data[:33], *found.values(), _LENGTH(0), b"IDAT", _LENGTH(_TYPED), _ENDED])


def _file(head: bytes, data: bytes) -> bytes:
    check = isal_zlib.crc32(data, _TYPED)
    return b"%b%bIDAT%b%b%b" % (head, _LENGTH(len(data)), data, _LENGTH(check), _ENDED)
