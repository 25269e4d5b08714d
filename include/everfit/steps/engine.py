"""The engine that a model is worked on with, and the ports as its workers open them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from everfit import catalog

if TYPE_CHECKING:
    from everfit.engines import Engine
    from everfit.ports import Ports
    from everfit.spec import ModelSpec


def engine_of(ports: Ports, spec: ModelSpec) -> Engine:
    """Where the spec's work is done. Errors: `SpecError` for Spark without an address."""
    engine: Engine = catalog.engine(spec.engine).at(ports.cluster)
    return engine


def to_send(ports: Ports) -> Ports:
    """The ports that a worker needs, store and data: the rest may be out of its reach and is none of its business."""
    nothing = cast(Any, None)
    return replace(ports, landing=nothing, registry=nothing, target=nothing, pointers=None, cluster=None)
