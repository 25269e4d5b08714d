"""The log of decisions of a model: appended with create-if-absent, chained by hash, folded into a view."""

from __future__ import annotations

from everfit.ledger.entry import Entry
from everfit.ledger.fence import Fence
from everfit.ledger.log import Ledger
from everfit.ledger.view import View

__all__ = ["Entry", "Fence", "Ledger", "View"]
