"""PNG files are read back by other readers, pixel for pixel."""

from __future__ import annotations

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from PIL import Image

from augkit import codec, png


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (28, 28), (37, 53), (300, 200)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pillow_and_opencv_read_back_every_pixel(size, channels):
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), dtype=np.uint8)
    data = png.write(picture)
    image = Image.open(io.BytesIO(data))
    assert image.mode == ("L" if channels == 1 else "RGB")
    assert (np.asarray(image).reshape(picture.shape) == picture).all()
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED).reshape(picture.shape)
    assert (read[:, :, ::-1] == picture).all()


def test_every_chunk_carries_its_own_checksum():
    data = png.write(np.zeros((5, 4, 3), np.uint8))
    at, kinds = 8, []
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", data, at + 8 + length)[0] == zlib.crc32(kind + body)
        kinds.append(kind)
        at += 12 + length
    assert kinds == [b"IHDR", b"IDAT", b"IEND"]


def test_a_view_of_a_picture_is_written_as_its_copy():
    picture = np.random.default_rng(1).integers(0, 256, (20, 31, 3), dtype=np.uint8)
    for view in (picture[::2, ::3], picture[:, ::-1], picture.transpose(1, 0, 2), picture[:, :, ::-1]):
        assert png.write(view) == png.write(view.copy())


def test_smooth_pictures_take_less_room_than_their_pixels():
    ramp = np.repeat(np.arange(200, dtype=np.uint8)[None, :, None], 100, axis=0)
    assert len(png.write(ramp)) < ramp.size / 20


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_written_together_are_the_same_files_as_one_by_one(channels):
    pictures = np.random.default_rng(1).integers(0, 256, (5, 9, 7, channels), dtype=np.uint8)
    assert png.write_batch(pictures) == [png.write(picture) for picture in pictures]
    assert codec.encode_batch(pictures) == [codec.encode(picture) for picture in pictures]
    assert codec.encode_batch(pictures, "jpeg") == [codec.encode(picture, "jpeg") for picture in pictures]
