"""Gates: what a candidate must show before it may become the champion. One file per gate; the file's name is its name.

A gate is a frozen dataclass of settings with `judge(evidence) -> Verdict` and `tasks`, the tasks it can judge. It says
passed or failed only when the whole interval lies on one side of its bar; otherwise it cannot tell, and a candidate of
which a gate cannot tell is not promoted. Wrong settings raise `ValueError`.

A gate may say more, each of it optional:

- `columns`: names of columns that it wants in `evidence.about` beside inputs and features.
- `measure(subject) -> Mapping`: called once when the candidate is evaluated, while the models are at hand. What it
  returns (plain JSON) is kept with the evidence, and `judge` finds it in `evidence.measured`: a verdict can be given
  again from the evidence alone.
- `hopeless(prospect) -> str | None`: why it could pass no candidate on such a holdout. It is asked before a training,
  which is not begun then.
"""

from __future__ import annotations

from everfit.gates.evidence import Evidence, Standing
from everfit.gates.prospect import Prospect
from everfit.gates.subject import Known, Past, Subject

__all__ = ["Evidence", "Known", "Past", "Prospect", "Standing", "Subject"]
