"""Whether the data of a JPEG file reach to the end of its picture.

Decoders fill what is missing with grey and say nothing that OpenCV or Pillow hand on; so a file that was cut
off and given an end marker again passes for whole.  What tells them apart: bytes put before the end marker
change nothing in a picture that is complete, and something in one that is not.

Source: ITU-T T.81, sections B.1.1.2, B.2.3 and G.1.1.1.
"""

from __future__ import annotations

import io
import re
import struct

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

_MORE = bytes(range(1, 255))  # codes of many kinds, and no marker
_END, _BLOCK, _GREY, _NEAR = b"\xff\xd9", 8, 128, 2
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")  # not a stuffed byte, a fill byte, or a restart
_LUMA = np.array([0.299, 0.587, 0.114])


def torn(data: bytes, scan: int, picture: Picture, *, by: int) -> bool:
    """Tell whether the data end before the picture does; data cut within the last block pass for whole.

    Of a file in one scan, which is decoded from top to bottom, a second look is taken only where its last
    block is the grey of what is missing.  At a file in several scans one is always taken, and at CMYK.
    Pillow takes it: OpenCV's decoder would complain of the bytes on the error stream.

    Args:
        data:    the file.
        scan:    where its first scan's header begins; negative for a file that is always looked at twice.
        picture: what was decoded, uint8 H×W×1 or H×W×3.
        by:      how many times smaller it is than what is stored.

    Raises:
        ValueError, struct.error: the headers of its scans make no sense.
        OSError:                  Pillow cannot decode it.
    """
    if scan >= 0 and not _grey_at_the_end(picture, by):
        return False
    if scan < 0 and not _all_scans(data, -scan):
        return True
    end = data.find(_END, abs(scan))
    return _pixels(data, by) != _pixels(data[:end] + _MORE + data[end:], by)


def _pixels(data: bytes, by: int) -> bytes:
    """Decode a file as it is stored, about `by` times smaller."""
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=("JPEG",)) as image:
        image.draft(None, (image.width // by, image.height // by))
        return image.tobytes()


def several(data: bytes, scan: int, frame: int, components: int) -> bool:
    """Tell whether a picture comes in more scans than one: it is progressive, or each colour comes alone."""
    return frame in (0xC2, 0xC6, 0xCA, 0xCE) or data[scan + 4 : scan + 5] < bytes([components])


def _grey_at_the_end(picture: Picture, by: int) -> bool:
    if abs(float(_luma(picture[-1, -1])) - _GREY) > _NEAR:
        return False
    height, width = (max(1, ((side * by - 1) % _BLOCK + 1) // by) for side in picture.shape[:2])
    return bool((np.abs(_luma(picture[-height:, -width:]) - _GREY) <= _NEAR).all())


def _luma(pixels: Picture) -> NDArray[np.float64]:
    return pixels @ _LUMA if pixels.shape[-1] == 3 else pixels[..., 0].astype(np.float64)


def _all_scans(data: bytes, at: int) -> bool:
    """Tell whether the scans bring every coefficient of every colour to its last bit."""
    left: dict[int, set[int]] = {}
    while (found := _MARKER.search(data, at)) is not None and found[0] != _END:
        at = found.start()
        length = struct.unpack_from(">H", data, at + 2)[0]
        if found[0] == b"\xff\xda":
            (count,) = struct.unpack_from("B", data, at + 4)
            first, last, bits = data[at + 5 + 2 * count : at + 8 + 2 * count]
            for colour in data[at + 5 : at + 5 + 2 * count : 2]:
                wanted = left.setdefault(colour, set(range(_BLOCK * _BLOCK)))
                if bits & 15 == 0:
                    wanted.difference_update(range(first, last + 1))
        at += 2 + length
    return bool(left) and not any(left.values())
