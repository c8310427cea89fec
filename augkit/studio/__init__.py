"""Studio: a page on this machine on which a policy is written, and seen and judged while it is.

`desk` does the work and knows no web, `door` keeps others out, `app` is the page's server, and `page/` is
what the browser gets.
"""

from __future__ import annotations

from augkit.studio.desk import Asked, Desk

__all__ = ["Asked", "Desk"]
