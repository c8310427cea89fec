"""Pictures of every kind end as written, and rightly, or as left out with a reason; none stops a run."""

from __future__ import annotations

import io
import json
import struct
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from datasets import DatasetDict
from PIL import Image

from augkit import codec, store
from augkit.sources import records

RNG = np.random.default_rng(4)
COLOUR = cv2.GaussianBlur(RNG.integers(0, 256, (30, 44, 3), dtype=np.uint8), (0, 0), 2)
GREY = COLOUR[:, :, 1]
DEEP = GREY.astype(np.uint16) * 257
ALPHA = np.dstack([COLOUR, np.where(GREY > 120, 255, 40).astype(np.uint8)])
SECONDS, LIMIT = 10, 20_000


def saved(pixels: np.ndarray | Image.Image, kind: str, **how: object) -> bytes:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def oriented(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return saved(COLOUR, "JPEG", quality=95, exif=exif.tobytes())


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def frames() -> list[Image.Image]:
    return [Image.fromarray(np.roll(COLOUR, shift, 1)) for shift in (0, 9, 18)]


def animated(kind: str) -> bytes:
    first, *others = frames()
    return saved(
        first, kind, save_all=True, append_images=others, **({"lossless": True} if kind == "WEBP" else {})
    )


JPEG, PNG = saved(COLOUR, "JPEG", quality=95), saved(COLOUR, "PNG")
SIZE = JPEG.find(b"\xff\xc0") + 5
PALETTE = Image.fromarray(COLOUR).quantize(16)
WRITTEN = {
    "plain png": PNG,
    "plain jpeg": JPEG,
    "grey jpeg": saved(GREY, "JPEG", quality=95),
    "progressive jpeg": saved(COLOUR, "JPEG", progressive=True, quality=95),
    "cmyk jpeg": saved(Image.fromarray(COLOUR).convert("CMYK"), "JPEG", quality=95),
    "jpeg with a colour profile": saved(COLOUR, "JPEG", icc_profile=b"\0" * 200, quality=95),
    "jpeg with exif that does not parse": saved(
        COLOUR, "JPEG", exif=b"Exif\0\0II*\0\xff\xff\0\0", quality=95
    ),
    **{f"jpeg turned by exif {number}": oriented(number) for number in range(1, 9)},
    "one bit": saved(Image.fromarray(GREY).convert("1"), "PNG"),
    "four bits": saved(PALETTE, "PNG", bits=4),
    "sixteen bits": saved(DEEP, "PNG"),
    "sixteen bits in a tiff": saved(DEEP, "TIFF"),
    "palette": saved(PALETTE, "PNG"),
    "palette with a transparent colour": saved(PALETTE, "PNG", transparency=3),
    "rgba": saved(ALPHA, "PNG"),
    "grey with alpha": saved(np.ascontiguousarray(ALPHA[:, :, [1, 3]]), "PNG"),
    "all transparent": saved(np.dstack([COLOUR, np.zeros_like(GREY)]), "PNG"),
    "animated gif": animated("GIF"),
    "animated webp": animated("WEBP"),
    "animated png": animated("PNG"),
    "tiff of several pages": animated("TIFF"),
    "bmp": saved(COLOUR, "BMP"),
    "ppm": saved(COLOUR, "PPM"),
    "lossless webp": saved(COLOUR, "WEBP", lossless=True),
    "one pixel": saved(COLOUR[:1, :1], "PNG"),
    "one column": saved(np.ascontiguousarray(np.broadcast_to(COLOUR[:1, :1], (LIMIT, 1, 3))), "PNG"),
}
LEFT_OUT = {
    "nothing": b"",
    "html": b"<html>404</html>",
    "zeros": bytes(4096),
    **{f"png cut at {share} %": PNG[: len(PNG) * share // 100] for share in (5, 50, 95)},
    **{f"jpeg cut at {share} %": JPEG[: len(JPEG) * share // 100] for share in (5, 50, 95)},
    **{
        f"jpeg cut at {share} % and ended": JPEG[: len(JPEG) * share // 100] + b"\xff\xd9"
        for share in (50, 80)
    },
    "float tiff": saved(GREY.astype(np.float32), "TIFF"),
    "png of 400 million pixels": b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", LIMIT, LIMIT, 8, 0, 0, 0, 0)),
    "png whose text unfolds": PNG[:33]
    + chunk(b"zTXt", b"c\0\0" + zlib.compress(bytes(200_000_000)))
    + PNG[33 : len(PNG) // 2],
    "jpeg of 65,535 squared": JPEG[:SIZE] + b"\xff\xff\xff\xff" + JPEG[SIZE + 4 :],
    "postscript": b"%!PS-Adobe-3.0 EPSF-3.0\n",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


def reference(kind: str) -> np.ndarray:
    """Return what Pillow makes of a picture: upright, first frame, over white, 8 bits."""
    with Image.open(io.BytesIO(WRITTEN[kind])) as image:
        if image.mode.startswith("I;16"):
            return np.rint(np.asarray(image, np.float64) / 257).astype(np.uint8)[:, :, None].repeat(3, axis=2)
        turn = image.getexif().get(0x0112, 1) if kind.startswith("jpeg turned") else 1
        over = image.convert("RGBA")
    upright = Image.alpha_composite(Image.new("RGBA", over.size, (255,) * 4), over).convert("RGB")
    moves = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
    return np.asarray(upright.transpose(Image.Transpose(moves[turn])) if turn in moves else upright)


@pytest.mark.parametrize("kind", WRITTEN)
def test_promise_19_a_picture_of_any_kind_shows_what_pillow_shows(kind):
    start = time.monotonic()
    found = codec.decode(WRITTEN[kind], name=kind).astype(int)
    assert time.monotonic() - start < SECONDS
    wanted = reference(kind).astype(int)
    assert found.shape[:2] == wanted.shape[:2] and found.shape[2] in (1, 3)
    assert np.abs(found - wanted).mean() <= 1 and np.abs(found - wanted).max() <= 4


def test_promise_17_pictures_of_all_kinds_are_written_or_left_out_with_a_reason(tmp_path: Path):
    kinds = WRITTEN | LEFT_OUT
    assert len(kinds) >= 45
    part = records.dataset(list(kinds), list(kinds.values()), [0] * len(kinds), ("any",))
    made = store.build(DatasetDict(train=part), tmp_path, max_bad="60%", progress=False)
    assert (made.pictures, made.bad) == (len(WRITTEN), len(LEFT_OUT)) and store.verify(tmp_path).ok
    noted = json.loads((tmp_path / ".augkit" / "quarantine.json").read_text("utf-8"))
    assert {entry["source"] for entry in noted} == set(LEFT_OUT) and all(entry["reason"] for entry in noted)
    rows = pd.read_parquet(tmp_path / ".augkit" / "manifest.parquet").set_index("source")
    for kind in WRITTEN:
        with Image.open(tmp_path / rows.file[kind]) as image:
            assert image.size == reference(kind).shape[1::-1] and image.mode in ("L", "RGB")
            assert image.getexif().get(0x0112, 1) == 1 and getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize("kind", [kind for kind in LEFT_OUT if "million" in kind or "squared" in kind])
def test_promise_18_a_bomb_is_refused_by_its_header_at_once(kind):
    from augkit.errors import PictureError

    start = time.process_time()
    with pytest.raises(PictureError, match="more than"):
        codec.decode(LEFT_OUT[kind])
    assert time.process_time() - start < 0.05
