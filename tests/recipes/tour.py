"""Run recipes/tour.ipynb, for its test, and to write down what it shows:

python -m tests.recipes.tour
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).parents[2]
PATH = ROOT / "recipes/tour.ipynb"
VARIES = "varies"
"""The tag of a cell whose numbers depend on Keras's backend."""


def executed(path: Path = PATH) -> Any:
    """Return the notebook as it comes out of a fresh run; whatever tells of time and machine is left out."""
    notebook = nbformat.read(path, as_version=4)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    NotebookClient(notebook, timeout=300, record_timing=False, kernel_name="python3").execute(cwd=str(ROOT))
    notebook.metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [_kept(one) for one in cell.outputs if one.get("name") != "stderr"]
    return notebook


def _kept(output: Any) -> Any:
    """Leave out the words for what is shown as HTML: they are longer, and name addresses in memory."""
    if "text/html" in output.get("data", {}):
        output.data.pop("text/plain", None)
    return output


if __name__ == "__main__":
    nbformat.write(executed(), PATH)
    print(f"wrote {PATH.relative_to(ROOT)}, {PATH.stat().st_size // 1000} kB")
