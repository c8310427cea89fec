"""Bytes ↔ pictures, and what is refused before decoding.

A picture is uint8 of shape H×W×1 (grey) or H×W×3 (red, green, blue).  OpenCV reads what is plain (8-bit PNG
and JPEG, grey or colour); Pillow reads everything else.  Neither is ever given a path: OpenCV crashes on odd
names, accepts torn files and does not report a full disk.
"""

from __future__ import annotations

import dataclasses
import io
import struct
import warnings
import zlib
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from augkit import jpeg, png
from augkit.errors import PictureError, UsageError

Picture = NDArray[np.uint8]

MAX_PIXELS = 89_478_485  # Pillow's own limit: a quarter of a gigabyte as RGB
BACKGROUND = 255  # what shows through transparent pixels: white

SMALL = 64 * 64
"""Pixels of pictures that are read whole and worked on together."""

_PNG, _JPEG = b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff"
_PILLOW = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")  # closed: EPS starts other programs
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # JPEG markers that carry width and height
_TURNED = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_FORMATS = {  # extension, OpenCV's setting, its default; PNG is written without OpenCV
    "png": (".png", -1, 0),
    "jpeg": (".jpg", cv2.IMWRITE_JPEG_QUALITY, 95),
    "webp": (".webp", cv2.IMWRITE_WEBP_QUALITY, 101),  # above 100: lossless
}
_REDUCED = {
    2: (cv2.IMREAD_REDUCED_GRAYSCALE_2, cv2.IMREAD_REDUCED_COLOR_2),
    4: (cv2.IMREAD_REDUCED_GRAYSCALE_4, cv2.IMREAD_REDUCED_COLOR_4),
    8: (cv2.IMREAD_REDUCED_GRAYSCALE_8, cv2.IMREAD_REDUCED_COLOR_8),
}
_DAMAGE = (OSError, ValueError, SyntaxError, EOFError, struct.error, zlib.error, MemoryError)
_AGAIN = "remove it or fetch it again"


@dataclasses.dataclass(frozen=True)
class Header:
    """Hold what a file says of itself before any pixel is decoded; sizes are the stored ones, in pixels."""

    kind: str  # "png", "jpeg" or "other"
    width: int
    height: int
    channels: int  # 1 or 3 where OpenCV may read it, 0 where Pillow must
    orientation: int = 1  # EXIF, 1 to 8
    deep: bool = False  # 16 bits a channel
    scan: int = 0  # where the data of a JPEG begin; negative where they come in several scans

    @property
    def upright(self) -> tuple[int, int]:
        """Return width and height once the orientation is applied."""
        turned = self.orientation in _TURNED
        return (self.height, self.width) if turned else (self.width, self.height)

    @property
    def reducible(self) -> bool:
        """Tell whether `decode` can make this picture smaller while reading: plain JPEG files that are not
        small already.
        """
        return self.kind == "jpeg" and self.channels > 0 and self.width * self.height > SMALL

    @property
    def kept_as(self) -> str | None:
        """Return the extension under which the file's bytes may be stored unchanged; None where they may not.

        8-bit grey or RGB PNG and JPEG files without an orientation stay: every reader shows those alike.
        """
        if self.kind == "other" or not self.channels or self.deep or self.orientation != 1:
            return None
        return ".png" if self.kind == "png" else ".jpg"


def peek(data: bytes, *, name: str = "") -> Header:
    """Read the header of an encoded picture, without decoding it.

    Raises:
        PictureError: the bytes are empty, of no known kind, torn, or of more than `MAX_PIXELS` pixels.
    """
    if not data:
        raise PictureError("the file is empty (0 bytes)", where=name, fix=_AGAIN)
    if data.startswith(_PNG):
        return _peek_png(data, name)
    if data.startswith(_JPEG):
        return _peek_jpeg(data, name)
    return _peek_other(data, name)


def peek_size(data: bytes, *, name: str = "", orient: bool = True) -> tuple[int, int]:
    """Return (width, height) of the picture that `decode` gives, in pixels, without decoding it."""
    header = peek(data, name=name)
    return header.upright if orient else (header.width, header.height)


def decode(
    data: bytes,
    *,
    name: str = "",
    orient: bool = True,
    background: int = BACKGROUND,
    by: int = 1,
    header: Header | None = None,
) -> Picture:
    """Decode a picture to uint8, H×W×1 where it is grey and H×W×3 (RGB) where it is not.

    Transparent pixels show `background` (0 to 255), 16-bit values are divided by 257 and rounded, CMYK is
    made RGB as Pillow does it, the first frame stands for an animation, and the EXIF orientation is applied
    unless `orient` is off (a TIFF is turned all the same: Pillow does it while reading).  With `by` of 2, 4
    or 8 a file that is `reducible` comes that many times smaller, averaged, its sides rounded up; libjpeg
    then leaves out most of the work.  Whoever has looked at the `header` hands it on.

    Raises:
        PictureError: the bytes are no picture, a torn one, one of float values, or larger than `MAX_PIXELS`.
    """
    header = header or peek(data, name=name)
    try:
        picture = _decoded(data, header=header, name=name, background=background, by=by)
        torn = header.scan and jpeg.torn(data, header.scan, picture, by=by)
    except (cv2.error, *_DAMAGE) as error:
        raise PictureError(f"cannot be decoded ({_short(error)})", where=name, fix=_AGAIN) from error
    if torn:
        raise PictureError("a torn JPEG file: its end comes before its picture's", where=name, fix=_AGAIN)
    return _upright(picture, header.orientation) if orient else picture


def encode(picture: Picture, format: str = "png") -> bytes:
    """Encode a uint8 picture, H×W×1 or H×W×3 (RGB).

    `format` is "png" or "webp" (both lossless) or "jpeg" (quality 95); "jpeg:90" sets the quality.
    """
    extension, setting, value = settings(format)
    if extension == ".png" and picture.ndim == 3 and picture.shape[2] in (1, 3) and picture.size:
        return png.write(picture)
    if picture.ndim == 3 and picture.shape[2] == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)  # type: ignore[assignment]
    ok, data = (False, picture) if extension == ".png" else cv2.imencode(extension, picture, [setting, value])
    if not ok:
        raise PictureError(f"a picture of shape {picture.shape} cannot be written as {format}")
    return data.tobytes()


def encode_batch(pictures: Picture, format: str = "png") -> list[bytes]:
    """Encode N pictures of one size, uint8 N×H×W×1 or N×H×W×3 (RGB), each as `encode` does."""
    if settings(format)[0] == ".png" and pictures.size:
        return png.write_batch(pictures)
    return [encode(picture, format) for picture in pictures]


def settings(format: str) -> tuple[str, int, int]:
    """Return an output format's extension, OpenCV setting and its value; raise UsageError for others."""
    kind, colon, quality = format.partition(":")
    fine = not colon or (kind != "png" and quality.isdigit() and 1 <= int(quality) <= 100)
    if kind not in _FORMATS or not fine:
        raise UsageError(f"got image format {format!r}, want png, webp or jpeg, as in jpeg:95")
    extension, setting, default = _FORMATS[kind]
    return extension, setting, int(quality) if quality else default


def _check(width: int, height: int, name: str) -> None:
    """Raise PictureError for a size that is none, or too much: before anything else of the file is read."""
    if width < 1 or height < 1:
        raise PictureError(f"a picture of {width}×{height} has no pixels", where=name)
    if width * height > MAX_PIXELS:
        problem = f"{width}×{height} is more than {MAX_PIXELS:,} pixels"
        raise PictureError(problem, where=name, fix="shrink it first")


def _peek_png(data: bytes, name: str) -> Header:
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise PictureError("a PNG file that ends inside its header", where=name, fix=_AGAIN)
    width, height, depth, colour = struct.unpack_from(">IIBB", data, 16)
    _check(width, height, name)
    plain = depth == 8 and colour in (0, 2) and b"tRNS" not in data and b"acTL" not in data
    channels = (1 if colour == 0 else 3) if plain else 0
    marked = b"eXIf" in data or b"Orientation" in data
    orientation = _orientation(png.without_pixels(data)) if marked else 1
    return Header("png", width, height, channels, orientation, deep=depth == 16 and b"tRNS" not in data)


def _peek_jpeg(data: bytes, name: str) -> Header:
    at, size, frame = 2, None, 0
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in (0x01, 0xFF) or 0xD0 <= marker <= 0xD8:  # fill bytes and markers without a body
            at += 1 if marker == 0xFF else 2
            continue
        if marker == 0xDA:
            break
        if marker in _FRAMES and at + 10 <= len(data):
            size, frame = struct.unpack_from(">BHHB", data, at + 4), marker
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    if size is None:
        raise PictureError("a JPEG file that ends inside its header", where=name, fix=_AGAIN)
    if data.rfind(b"\xff\xd9") < at:  # entropy-coded data never holds FF D9: this is its end
        raise PictureError("a torn JPEG file: it has no end", where=name, fix=_AGAIN)
    _, height, width, components = size
    _check(width, height, name)
    head = data[:at]
    orientation = _orientation(data) if b"Exif\0\0" in head or b"Orientation" in head else 1
    channels = components if components in (1, 3) else 0
    scan = -at if not channels or jpeg.several(data, at, frame, components) else at
    return Header("jpeg", width, height, channels, orientation, scan=scan)


def _peek_other(data: bytes, name: str) -> Header:
    with _open(data, name) as image:
        width, height = image.size
        _check(width, height, name)
        orientation = 1 if image.format == "TIFF" else _orientation_of(image)  # Pillow turns a TIFF itself
    return Header("other", width, height, 0, orientation)


def _orientation(data: bytes) -> int:
    try:
        with _open(data, "") as image:
            return _orientation_of(image)
    except PictureError:
        return 1


def _orientation_of(image: Any) -> int:
    from PIL import Image

    try:
        value = Image.Image.getexif(image).get(0x0112, 1)  # a PNG's own decodes the picture where it has none
    except Exception:  # EXIF blocks that do not parse are known in ImageNet; such a picture is upright
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _open(data: bytes, name: str) -> Any:
    """Open a picture with Pillow, header only."""
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of bombs; `peek` refuses them
            return Image.open(io.BytesIO(data), formats=_PILLOW)
    except Image.DecompressionBombError:
        raise PictureError(f"more than {MAX_PIXELS:,} pixels", where=name, fix="shrink it first") from None
    except UnidentifiedImageError:
        fix = f"want one of {', '.join(_PILLOW)}"
        raise PictureError(f"no known kind of picture: {data[:12]!r}", where=name, fix=fix) from None
    except _DAMAGE as error:
        raise PictureError(f"its header cannot be read ({_short(error)})", where=name) from error


def _decoded(data: bytes, *, header: Header, name: str, background: int, by: int) -> Picture:
    if header.deep:
        return _decode_deep(data, background)
    return _decode_plain(data, header, by) if header.channels else _decode_other(data, name, background)


def _decode_plain(data: bytes, header: Header, by: int) -> Picture:
    grey = header.channels == 1
    if by > 1 and header.kind == "jpeg":
        flag = _REDUCED[by][0 if grey else 1]
    else:
        flag = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), flag | cv2.IMREAD_IGNORE_ORIENTATION)
    if picture is None:
        raise ValueError("OpenCV finds it damaged")
    if grey:
        return picture[:, :, None]  # type: ignore[return-value]
    if flag != cv2.IMREAD_COLOR_RGB:  # for smaller ones OpenCV has no such order
        cv2.cvtColor(picture, cv2.COLOR_BGR2RGB, dst=picture)
    return picture  # type: ignore[return-value]


def _decode_deep(data: bytes, background: int) -> Picture:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.dtype != np.uint16:
        raise ValueError("OpenCV finds it damaged")
    values = picture.astype(np.float64).reshape(*picture.shape[:2], -1) / 257
    colour = values[:, :, :3][:, :, ::-1] if values.shape[2] >= 3 else values[:, :, :1]
    if values.shape[2] == 4:
        share = values[:, :, 3:] / 255
        colour = colour * share + background * (1 - share)
        grey = struct.unpack_from(">B", data, 25)[0] == 4  # OpenCV widens grey + alpha to four channels
        colour = colour[:, :, :1] if grey else colour
    return np.ascontiguousarray(np.rint(colour).astype(np.uint8))


def _decode_other(data: bytes, name: str, background: int) -> Picture:
    from PIL import Image

    with _open(data, name) as image:
        image.load()
        if image.mode.startswith("I;16") or image.mode == "I":
            values = np.clip(np.asarray(image, np.float64), 0, 65535) / 257
            return np.rint(values).astype(np.uint8)[:, :, None]
        if image.mode == "F":
            raise PictureError("float values have no stated range", where=name, fix="save it with 8 bits")
        if "transparency" in image.info or image.mode in ("LA", "La", "PA", "RGBA", "RGBa"):
            over = image.convert("RGBA")
            under = Image.new("RGBA", over.size, (background,) * 3 + (255,))
            grey = image.mode in ("1", "L", "LA", "La")
            image = Image.alpha_composite(under, over).convert("L" if grey else "RGB")
        image = image.convert("L" if image.mode in ("1", "L") else "RGB")
        picture = np.asarray(image, np.uint8)
    return np.ascontiguousarray(picture.reshape(*picture.shape[:2], -1))


def _upright(picture: Picture, orientation: int) -> Picture:
    """Undo an EXIF orientation, 1 to 8: 5 to 8 transpose, then each mirrors rows, columns or both."""
    if orientation in _TURNED:
        picture = picture.transpose(1, 0, 2)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def _short(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:120]
