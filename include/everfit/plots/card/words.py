"""Numbers and times as people read them."""

from __future__ import annotations

from everfit.plots.card.axis import short

MINUTE = 60
SURE = 0.0001


def took(seconds: float) -> str:
    """Seconds as people read them.

    >>> took(3.14159), took(75), took(3700)
    ('3.1 s', '1 min 15 s', '1 h 01 min')
    """
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), MINUTE)
    hours = minutes // MINUTE
    return f"{hours} h {minutes % MINUTE:02} min" if hours else f"{minutes} min {rest:02} s"


def money(cost: float | None) -> str:
    """An amount with four decimals where it is small, since a training run often costs less than a cent.

    >>> money(0.00123), money(12.5), money(None)
    ('0.0012', '12.50', 'unknown')
    """
    if cost is None:
        return "unknown"
    return f"{cost:,.2f}" if cost >= 1 else f"{cost:.4f}"


def chance(p: float) -> str:
    """A p-value.

    >>> chance(0.0342), chance(1e-9)
    ('0.034', 'below 0.0001')
    """
    return f"below {SURE}" if p < SURE else f"{p:.2g}"


def percent(share: float) -> str:
    """A share.

    >>> percent(0.95), percent(0.98234)
    ('95 %', '98.23 %')
    """
    return f"{100 * share:.4g} %"


__all__ = ["chance", "money", "percent", "short", "took"]
