"""The columns of a picture in Parquet and Arrow files, with what `datasets` wants to know of them.

image {bytes, path}, label (after the change); of augmented data also source, copy, label_before, and one
float for each drawn value.  `datasets.load_dataset` makes Image() and ClassLabel of the first and the labels,
because the schema says so in the words of `datasets.Features`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from augkit.store.formats.shard import Batch, Place, Shape


def schema(place: Place) -> Any:
    """Return the Arrow schema of a data set."""
    import pyarrow as pa

    image = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    fields = [("image", image), ("label", pa.int64()), ("source", pa.string())]
    label = {"names": list(place.classes), "_type": "ClassLabel"}
    features: dict[str, Any] = {"image": {"_type": "Image"}, "label": label, "source": _value("string")}
    if place.drawn:
        fields += [("copy", pa.int32()), ("label_before", pa.int64())]
        features |= {"copy": _value("int32"), "label_before": label}
        fields += [(name, pa.float64()) for name in place.drawn]
        features |= {name: _value("float64") for name in place.drawn}
    said = json.dumps({"info": {"features": features}}, ensure_ascii=True)
    return pa.schema(fields).with_metadata({"huggingface": said})


def rows(batch: Batch, wanted: Any) -> Any:
    """Return a batch as an Arrow table of the schema that is wanted."""
    import pyarrow as pa

    cells = [pa.array(batch.data, pa.binary()), pa.array(batch.names, pa.string())]
    given: dict[str, Any] = {
        "image": pa.StructArray.from_arrays(cells, ["bytes", "path"]),
        "label": batch.labels,
        "source": batch.sources,
        "copy": batch.copies,
        "label_before": batch.labels_before,
    }
    nothing = np.full(len(batch.names), np.nan)
    columns = []
    for field in wanted:
        column = given.get(field.name)
        column = batch.drawn.get(field.name, nothing) if column is None else column
        columns.append(column if isinstance(column, pa.Array) else pa.array(column, field.type))
    return pa.table(columns, schema=wanted)


def front(shape: Shape) -> dict[str, Any]:
    """Return the front matter: which files are which split; the features stand in the files."""
    files = [{"split": split, "path": f"data/{split}-*"} for split in shape.splits]
    return {"configs": [{"config_name": "default", "data_files": files}]}


def _value(dtype: str) -> dict[str, str]:
    return {"dtype": dtype, "_type": "Value"}
