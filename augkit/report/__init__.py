"""Reports: one HTML file on a data set that augkit made, for people: are its labels right, what is in it,
what was drawn, what was left out, and how a network trained on it did.

A report is made from what lies in the data set alone.  It holds its pictures, asks nothing of a network, runs
no script, and stays small whatever the data set's size: what is cut short says so.
"""

from __future__ import annotations

from augkit.report.written import report

__all__ = ["report"]
