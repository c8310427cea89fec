"""Bytes to pictures and back; what is refused before it is decoded."""

from __future__ import annotations

import io
import re
import struct
import time
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFile, ImageOps

from augkit import codec
from augkit.errors import PictureError, UsageError

RNG = np.random.default_rng(0)
COLOUR = cv2.GaussianBlur(RNG.integers(0, 256, (24, 36, 3), dtype=np.uint8), (0, 0), 2)
GREY = np.ascontiguousarray(COLOUR[:, :, :1])


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def huge_png(width: int, height: int, rows: int = 1) -> bytes:
    """Make a grey PNG file that says it is this large, and has so many rows; they are black."""
    deflate, row = zlib.compressobj(), bytes(1 + width)
    data = b"".join([*(deflate.compress(row) for _ in range(rows)), deflate.flush()])
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("picture", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("format", ["png", "webp"])
def test_a_lossless_round_trip_changes_nothing(picture, format):
    back = codec.decode(codec.encode(picture, format))
    if format == "webp" and picture.shape[2] == 1:  # WebP knows no grey
        back = back[:, :, :1]
    assert back.dtype == np.uint8 and np.array_equal(back, picture)


def test_jpeg_stays_near_and_keeps_grey_grey():
    for picture in (GREY, COLOUR):
        back = codec.decode(codec.encode(picture, "jpeg:95"))
        assert back.shape == picture.shape
        assert np.abs(back.astype(int) - picture).mean() < 4


def test_red_is_the_first_channel():
    red = np.zeros((4, 4, 3), np.uint8)
    red[:, :, 0] = 200
    assert Image.open(io.BytesIO(codec.encode(red))).convert("RGB").getpixel((0, 0)) == (200, 0, 0)
    assert codec.decode(saved(Image.fromarray(red), "PNG"))[0, 0].tolist() == [200, 0, 0]


def test_an_unknown_output_format_is_refused():
    for format in ("gif", "png:3", "jpeg:0", "jpeg:x"):
        with pytest.raises(UsageError):
            codec.encode(GREY, format)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM"])
def test_the_size_is_known_before_decoding(kind):
    data = saved(Image.fromarray(COLOUR), kind)
    assert codec.peek_size(data) == (36, 24)
    assert codec.decode(data).shape == (24, 36, 3)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_promise_19_every_orientation_gives_the_upright_picture(kind, orientation):
    image = Image.fromarray(COLOUR)
    exif = image.getexif()
    exif[0x0112] = orientation
    data = saved(image, kind, exif=exif)
    reference = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB"))
    picture = codec.decode(data)
    assert picture.shape == reference.shape and codec.peek_size(data) == (picture.shape[1], picture.shape[0])
    assert np.abs(picture.astype(int) - reference).max() <= 2
    if kind != "TIFF":  # Pillow turns these while reading
        assert codec.decode(data, orient=False).shape == COLOUR.shape


def test_promise_19_transparent_pixels_show_the_stated_background():
    values = np.dstack([COLOUR, np.zeros(COLOUR.shape[:2], np.uint8)])
    values[:, 18:, 3] = 255
    picture = codec.decode(saved(Image.fromarray(values), "PNG"))
    assert (picture[:, :18] == 255).all() and np.array_equal(picture[:, 18:], COLOUR[:, 18:])
    assert (codec.decode(saved(Image.fromarray(values), "PNG"), background=0)[:, :18] == 0).all()


def test_promise_19_grey_with_alpha_stays_grey():
    values = np.dstack([GREY, np.full(GREY.shape[:2], 255, np.uint8)])
    assert np.array_equal(codec.decode(saved(Image.fromarray(values, "LA"), "PNG")), GREY)


def test_promise_19_sixteen_bits_are_scaled_and_rounded():
    deep = (np.arange(24 * 36, dtype=np.uint16) * 75).reshape(24, 36)
    wanted = np.rint(deep / 257).astype(np.uint8)
    for kind in (".png", ".tiff"):
        data = cv2.imencode(kind, deep)[1].tobytes()
        assert np.array_equal(codec.decode(data)[:, :, 0], wanted)
    colour = np.dstack([deep, deep // 2, deep // 3])
    data = cv2.imencode(".png", colour[:, :, ::-1])[1].tobytes()
    assert np.array_equal(codec.decode(data), np.rint(colour / 257).astype(np.uint8))


@pytest.mark.parametrize("background", [255, 0])
def test_promise_19_sixteen_bits_with_alpha_show_the_stated_background(background):
    values = (
        np.random.default_rng(3).integers(0, 65536, (6, 5, 4)).astype(np.uint16)
    )  # blue, green, red, alpha
    share = values[:, :, 3:] / 65535
    wanted = values[:, :, 2::-1] / 257 * share + background * (1 - share)
    found = codec.decode(cv2.imencode(".png", values)[1].tobytes(), background=background)
    assert np.abs(found - wanted).max() <= 0.5 + 1e-9


def test_promise_19_cmyk_becomes_the_rgb_that_pillow_makes():
    data = saved(Image.fromarray(COLOUR).convert("CMYK"), "JPEG", quality=95)
    reference = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert np.abs(codec.decode(data) - reference).max() <= 1


def test_palette_and_one_bit_pictures_are_read():
    assert codec.decode(saved(Image.fromarray(COLOUR).convert("P"), "PNG")).shape == (24, 36, 3)
    ones = codec.decode(saved(Image.fromarray(GREY[:, :, 0]).convert("1"), "PNG"))
    assert ones.shape == (24, 36, 1) and set(np.unique(ones)) <= {0, 255}


def bad_pictures() -> dict[str, bytes]:
    jpeg = codec.encode(COLOUR, "jpeg:90")
    png = codec.encode(COLOUR)
    return {
        "empty": b"",
        "progressive jpeg of a header and an end": saved(Image.fromarray(COLOUR), "JPEG", progressive=True)[
            : saved(Image.fromarray(COLOUR), "JPEG", progressive=True).find(b"\xff\xda") + 3
        ]
        + b"\xff\xd9",
        "html": b"<html>404 not found</html>",
        "zeros": bytes(1000),
        "png header only": png[:20],
        "png cut at half": png[: len(png) // 2],
        "jpeg header only": jpeg[:10],
        "jpeg cut at 5 %": jpeg[: len(jpeg) // 20],
        "jpeg cut at half": jpeg[: len(jpeg) // 2],
        "jpeg cut at 95 %": jpeg[: len(jpeg) * 95 // 100],
        "jpeg without its last byte": jpeg[:-1],
        "jpeg torn with a thumbnail's end in its head": jpeg[:2]
        + b"\xff\xe1\x00\x06\x00\x00\xff\xd9"
        + jpeg[2:-2],
        "jpeg of a header and an end": jpeg[: jpeg.find(b"\xff\xda") + 4] + b"\xff\xd9",
        "jpeg of a scan's marker and an end": jpeg[: jpeg.find(b"\xff\xda") + 2] + b"\xff\xd9",
        "gif cut": saved(Image.fromarray(COLOUR), "GIF")[:60],
        "float tiff": saved(Image.fromarray(np.zeros((4, 4), np.float32)), "TIFF"),
        "bomb": huge_png(20_000, 20_000),
        "jpeg 65535": jpeg[:2] + b"\xff\xc0\x00\x11\x08\xff\xff\xff\xff\x03" + jpeg[2:],
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n",
    }


@pytest.mark.parametrize("kind", bad_pictures())
def test_promise_17_bad_bytes_are_refused_with_a_reason(kind):
    with pytest.raises(PictureError) as caught:
        codec.decode(bad_pictures()[kind], name=f"{kind}.png")
    assert kind in str(caught.value)


def test_promise_17_a_torn_jpeg_is_refused_by_its_bytes_whatever_a_decoder_makes_of_it():
    torn = [data for kind, data in bad_pictures().items() if kind.startswith("jpeg cut") or "its" in kind]
    torn.append(bad_pictures()["jpeg torn with a thumbnail's end in its head"])
    assert len(torn) >= 5
    for data in torn:
        with pytest.raises(PictureError, match=r"torn|inside its header"):
            codec.peek(data)


LARGE = cv2.GaussianBlur(RNG.integers(0, 256, (75, 101, 3), dtype=np.uint8), (0, 0), 2)
KINDS = [(mode, way, half) for mode in ("L", "RGB", "CMYK") for way in (False, True) for half in (0, 2)]


def torn_and_ended(mode: str, progressive: bool, subsampling: int) -> tuple[bytes, dict[float, bytes]]:
    """Return a JPEG file, and by the share that is left of it what a cut leaves, with an end marker again."""
    image = Image.fromarray(LARGE).convert(mode)
    whole = saved(image, "JPEG", quality=90, progressive=progressive, subsampling=subsampling)
    start = whole.find(b"\xff\xda")
    cuts = {
        share: start + 20 + int((len(whole) - start - 20) * share) for share in (0.05, 0.3, 0.5, 0.8, 0.95)
    }
    return whole, {share: whole[:cut].rstrip(b"\xff") + b"\xff\xd9" for share, cut in cuts.items()}


@pytest.mark.parametrize(("mode", "progressive", "subsampling"), KINDS)
def test_promise_17_a_torn_jpeg_is_refused_even_with_an_end_marker_put_behind_it(
    mode, progressive, subsampling
):
    whole, torn = torn_and_ended(mode, progressive, subsampling)
    assert codec.decode(whole).shape[:2] == (75, 101)
    for share, data in torn.items():
        with pytest.raises(PictureError):
            codec.decode(data, name=f"{share:.0%} of it")
        if mode != "CMYK":
            with pytest.raises(PictureError):
                codec.decode(data, by=4)


def test_promise_17_a_picture_that_ends_in_grey_is_not_taken_for_a_torn_one(capfd):
    grey = np.full((40, 56, 3), 128, np.uint8)
    half = LARGE.copy()
    half[40:] = 128
    for picture in (grey, grey[:, :, :1], half, half[:37, :51]):
        assert codec.decode(codec.encode(picture, "jpeg:90")).shape == picture.shape
        for progressive in (False, True):
            data = saved(Image.fromarray(picture.squeeze()), "JPEG", progressive=progressive)
            assert codec.decode(data, by=2).shape[0] == (picture.shape[0] + 1) // 2
            after = data + b"what some cameras append" + data
            assert np.array_equal(codec.decode(after), codec.decode(data))
    assert capfd.readouterr().err == ""


def test_promise_17_progressive_files_without_their_last_scans_are_torn():
    whole = saved(Image.fromarray(LARGE), "JPEG", progressive=True)
    scans = [found.start() for found in re.finditer(b"\xff\xda", whole)]
    assert len(scans) > 5
    for start in scans[1:]:
        cut = whole.rfind(b"\xff\xc4", 0, start)
        with pytest.raises(PictureError, match="torn"):
            codec.decode(whole[:cut] + b"\xff\xd9")


def test_promise_17_no_change_of_one_byte_escapes_as_another_error():
    gif = saved(Image.fromarray(COLOUR), "GIF")
    several = saved(Image.fromarray(COLOUR), "JPEG", progressive=True)
    for data in (codec.encode(COLOUR), codec.encode(COLOUR, "jpeg:90"), several, gif):
        for at in RNG.integers(0, min(len(data), 900), 150):
            broken = bytearray(data)
            broken[at] ^= 1 << int(RNG.integers(8))
            broken = broken if at % 2 else broken[:at] + b"\xff\xd9"
            try:
                picture = codec.decode(bytes(broken))
            except PictureError:
                continue
            assert picture.dtype == np.uint8 and picture.shape[2] in (1, 3)


def test_promise_18_a_bomb_is_refused_by_its_header(monkeypatch):
    def obey(*_: object) -> None:
        raise AssertionError("the bomb was decoded")

    monkeypatch.setattr(cv2, "imdecode", obey)
    with pytest.raises(PictureError, match="more than"):
        codec.decode(huge_png(20_000, 20_000))


def exif(orientation: int) -> bytes:
    told = Image.Exif()
    told[0x0112] = orientation
    return told.tobytes().removeprefix(b"Exif\0\0")


def late(data: bytes, kind: bytes, body: bytes) -> bytes:
    """Put a chunk into a PNG file after its data."""
    return data[:-12] + chunk(kind, body) + data[-12:]


XMP = b'XML:com.adobe.xmp\0\0\0\0\0<x tiff:Orientation="6"/>'
WHOLE = b"Exif\0\0" + exif(6)
PROFILE = b"Raw profile type exif\0\nexif\n%8d\n%b" % (len(WHOLE), WHOLE.hex().encode())


@pytest.mark.parametrize("told", [(b"eXIf", exif(6)), (b"iTXt", XMP), (b"tEXt", PROFILE)])
def test_promise_19_an_orientation_that_stands_after_the_data_of_a_png_counts(monkeypatch, told):
    data = late(codec.encode(COLOUR), *told) + b"Orientation"
    with Image.open(io.BytesIO(data)) as image:
        assert image.getexif()[0x0112] == 6
    with monkeypatch.context() as patched:
        patched.setattr(ImageFile.ImageFile, "load", None)
        assert codec.peek(data).orientation == 6
    assert np.array_equal(codec.decode(data), np.rot90(COLOUR, -1))


@pytest.mark.parametrize("told", [(b"eXIf", exif(6)), (b"tEXt", b"x\0Orientation")])
def test_promise_18_no_pixel_is_decoded_to_look_for_an_orientation(monkeypatch, told):
    def obey(*_: object) -> None:
        raise AssertionError("the bomb was decoded")

    bomb, large = (late(huge_png(side, side, side), *told) for side in (13_000, 9_400))
    monkeypatch.setattr(ImageFile.ImageFile, "load", obey)
    start = time.process_time()
    with pytest.raises(PictureError, match="more than"):
        codec.peek(bomb)
    assert codec.peek(large).orientation == (6 if told[0] == b"eXIf" else 1)
    assert time.process_time() - start < 0.05


def test_bytes_are_kept_only_where_every_reader_shows_them_alike():
    assert codec.peek(codec.encode(GREY)).kept_as == ".png"
    assert codec.peek(codec.encode(COLOUR, "jpeg")).kept_as == ".jpg"
    turned = Image.fromarray(COLOUR)
    exif = turned.getexif()
    exif[0x0112] = 6
    assert codec.peek(saved(turned, "JPEG", exif=exif)).kept_as is None
    for mode in ("CMYK", "P", "RGBA"):
        kind = "JPEG" if mode == "CMYK" else "PNG"
        assert codec.peek(saved(Image.fromarray(COLOUR).convert(mode), kind)).kept_as is None
    assert codec.peek(saved(Image.fromarray(COLOUR), "WEBP")).kept_as is None


@pytest.mark.parametrize("picture", [GREY, COLOUR], ids=["grey", "colour"])
@pytest.mark.parametrize("by", [2, 4, 8])
def test_a_jpeg_file_is_read_smaller_as_the_mean_of_its_pixels(picture, by):
    smooth = cv2.GaussianBlur(cv2.resize(picture, (83, 61)), (0, 0), 3).reshape(61, 83, -1)
    data = codec.encode(smooth, "jpeg:100")
    small = codec.decode(data, by=by)
    assert small.shape == (-(-61 // by), -(-83 // by), smooth.shape[2])
    height, width = 61 // by * by, 83 // by * by
    mean = smooth[:height, :width].reshape(height // by, by, width // by, by, -1).mean(axis=(1, 3))
    assert np.abs(small[: height // by, : width // by] - mean).mean() < 2


def test_only_plain_jpeg_files_that_are_not_small_are_read_smaller():
    large = np.tile(COLOUR, (5, 5, 1))
    assert codec.peek(codec.encode(large, "jpeg:90")).reducible
    assert not codec.peek(codec.encode(COLOUR, "jpeg:90")).reducible
    assert not codec.peek(codec.encode(large, "png")).reducible
    assert codec.decode(codec.encode(COLOUR, "png"), by=4).shape == COLOUR.shape
