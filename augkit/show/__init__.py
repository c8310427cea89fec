"""Show: pictures of what a policy does, to be looked at before, while and after it is done."""

from __future__ import annotations

from augkit.show.gallery import Gallery
from augkit.show.sheet import Cell, Row, contact_sheet

__all__ = ["Cell", "Gallery", "Row", "contact_sheet"]
