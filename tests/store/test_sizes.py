"""Where a policy changes the size of pictures, originals get that size too: a data set has one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from augkit import codec, store
from tests.store import making

POLICY = """
version: 1
task: none
steps:
  - rotate: {degrees: [-12, 12]}
  - resize: {width: 20, height: 24}
  - contrast: {gain: [0.5, 0.6]}
"""


@pytest.mark.parametrize("image_format", ["png", "jpeg:90"])
def test_originals_of_all_splits_are_resized_and_otherwise_untouched(tmp_path, image_format):
    data = making.source(10, 4)
    plan = making.plan(POLICY, copies=1)
    built = str(store.build(data, tmp_path / "built", progress=False).out)
    out = store.generate(plan, data, tmp_path / "out", image_format=image_format, progress=False).out
    rows = pd.read_parquet(out / ".augkit" / "manifest.parquet")
    assert set(zip(rows.width, rows.height, strict=True)) == {(20, 24)}
    assert {Path(name).suffix for name in rows.file} == {codec.settings(image_format)[0]}
    for row in rows[rows["copy"] == 0].itertuples():
        part = data[row.split]
        source = codec.decode(part[part["key"][:].index(row.source)]["image"]["bytes"])[:, :, 0]
        wanted = np.asarray(Image.fromarray(source).resize((20, 24), Image.Resampling.BILINEAR), dtype=int)
        found = codec.decode((out / row.file).read_bytes())[:, :, 0].astype(int)
        assert np.abs(found - wanted).mean() < 4  # the contrast of copies would be off by 30 and more
    for row in (0, 1, len(rows) - 1):
        assert store.replay(out, row, source=built).ok


def test_originals_keep_their_bytes_where_no_step_changes_the_size(tmp_path):
    data = making.source(10)
    store.generate(making.plan(copies=1), data, tmp_path, progress=False)
    rows = pd.read_parquet(tmp_path / ".augkit" / "manifest.parquet")
    originals = rows[rows["copy"] == 0]
    assert (originals.sha256 == originals.source_sha256).all() and len(originals) == 10
