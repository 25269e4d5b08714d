"""The trigger `changed`."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.triggers.occasion import Occasion, Reason


@dataclass(frozen=True)
class Changed:
    """Wants a run when the model would be made in another way than the newest judged one was.

    That is: its code (features.py, objectives.py), what model.yaml says of data, window and training, or a library
    that decides what a model's bytes are.
    """

    def fires(self, occasion: Occasion) -> Reason:
        """Whether anything changed.

        >>> from datetime import UTC, datetime
        >>> Changed().fires(Occasion(datetime(2013, 6, 1, tzinfo=UTC), changed=("features.py is another one",)))
        Reason(holds=True, words='features.py is another one', events=())
        """
        if not occasion.changed:
            return Reason(False, "code, settings and libraries are those of the newest judged run")
        return Reason(True, "; ".join(occasion.changed))
