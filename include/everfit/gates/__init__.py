"""Gates: what a candidate must show before it may become the champion. One file per gate; the file's name is its name.

A gate is a frozen dataclass of settings with `judge(evidence) -> Verdict` and `tasks`, the tasks it can judge. It says
passed or failed only when the whole interval lies on one side of its bar; otherwise it cannot tell, and a candidate of
which a gate cannot tell is not promoted. Wrong settings raise `ValueError`.

A gate may have a method `hopeless(prospect) -> str | None` besides: why it could pass no candidate on such a holdout.
It is asked before a training, which is not begun then.
"""

from __future__ import annotations

from everfit.gates.evidence import Evidence
from everfit.gates.prospect import Prospect

__all__ = ["Evidence", "Prospect"]
