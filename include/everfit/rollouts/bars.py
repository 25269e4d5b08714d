"""How much worse than the champion a challenger may be, in each signal that the judge watches."""

from __future__ import annotations

from dataclasses import dataclass

from everfit.refuse import between, number, one_of

SIGNALS = ("errors", "latency_p50", "latency_p99", "agreement", "quality", "calibration")
"""What the judge watches, and what its parts are called."""


@dataclass(frozen=True)
class Bars:
    """Settings of the judge. A bar of None takes its signal out of the judgement.

    `errors`: how many more of all requests may fail (0.005: half a per cent of them). `latency`: how many times the
    champion's seconds an answer may take, at the median and at the 99th percentile. `agreement`: the share of the same
    rows on which the two may differ by more than `apart` (for classes, in any probability; for other tasks `apart` is
    in units of the score and has to be given). `quality`: how much larger the mean loss may be, as a share of the
    champion's (0.05: five per cent); `margin` says it in units of the loss instead. `calibration`: how much farther off
    the champion the challenger's probabilities may be on average, from what happened.

    `block`: seconds. What is nearer together than that may go together in any way (bursts, sessions, a storm); 0 takes
    every request for independent of all others. `wanted`: the signals that must be shown good before the whole is;
    None means all that can be judged. Every signal can roll back, wanted or not.
    """

    errors: float | None = 0.005
    latency: float | None = 1.5
    agreement: float | None = 0.2
    apart: float | None = None
    quality: float | None = 0.05
    margin: float | None = None
    calibration: float | None = 0.05
    block: float = 10.0
    wanted: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        for setting in ("errors", "agreement", "calibration"):
            if getattr(self, setting) is not None:
                between(setting, getattr(self, setting), 0, 1)
        if self.latency is not None:
            number("latency", self.latency, above=0)
        for setting in ("quality", "margin", "apart"):
            if getattr(self, setting) is not None:
                number(setting, getattr(self, setting), least=0)
        number("block", self.block, least=0)
        for signal in self.wanted or ():
            one_of("wanted", signal, SIGNALS)
