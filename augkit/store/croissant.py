"""Croissant: the data set described as JSON-LD, for whoever searches data sets or loads them by that.

It names the files and the classes, and has a record for each picture: the manifest's rows.

Source: MLCommons Croissant format 1.0, http://mlcommons.org/croissant/1.0
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from augkit.store import manifest

FILE = "croissant.json"
_OWN = (
    "column",
    "extract",
    "field",
    "fileObject",
    "fileSet",
    "includes",
    "recordSet",
    "source",
    "key",
    "references",
)
_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "sc": "https://schema.org/",
    **{name: f"cr:{name}" for name in _OWN},
}
_COLUMNS = {
    "file": "sc:Text",
    "split": "sc:Text",
    "label_after": "sc:Text",
    "source": "sc:Text",
    "copy": "sc:Integer",
    "label": "sc:Text",
    "width": "sc:Integer",
    "height": "sc:Integer",
    "sha256": "sc:Text",
}


def described(
    name: str, about: str, classes: Sequence[str], digest: str, files: dict[str, str], mime: str
) -> bytes:
    """Return the description of a data set, as the bytes of its file.

    Args:
        name, about: what it is called, and a sentence.
        classes:     class names in label order.
        digest:      SHA-256 of the manifest.
        files:       split → pattern of the files that hold its pictures.
        mime:        what those files are.
    """
    sets = [
        {"@type": "cr:FileSet", "@id": f"{split}-files", "name": f"{split}-files", "encodingFormat": mime}
        | {"includes": pattern}
        for split, pattern in files.items()
    ]
    rows = {
        "@type": "cr:FileObject",
        "@id": "manifest",
        "name": "manifest",
        "description": "A row for each picture: its file, split, label, source, copy and drawn values.",
        "contentUrl": manifest.FILE,
        "encodingFormat": "application/x-parquet",
        "sha256": digest,
    }
    said = {
        "@context": dict(sorted(_CONTEXT.items())),
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": about,
        "distribution": [rows, *sets],
        "recordSet": [_classes(classes), _pictures()],
    }
    return (json.dumps(said, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


def _classes(classes: Sequence[str]) -> dict[str, Any]:
    fields = [_field("classes/number", "sc:Integer"), _field("classes/name", "sc:Text")]
    data = [{"classes/number": number, "classes/name": name} for number, name in enumerate(classes)]
    return {"@type": "cr:RecordSet", "@id": "classes", "name": "classes", "field": fields, "data": data}


def _pictures() -> dict[str, Any]:
    fields = []
    for column, kind in _COLUMNS.items():
        source = {"fileObject": {"@id": "manifest"}, "extract": {"column": column}}
        fields.append(_field(f"pictures/{column}", kind) | {"source": source})
    return {"@type": "cr:RecordSet", "@id": "pictures", "name": "pictures", "field": fields}


def _field(name: str, kind: str) -> dict[str, Any]:
    return {"@type": "cr:Field", "@id": name, "name": name, "dataType": kind}
