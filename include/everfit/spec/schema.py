"""The JSON schema of model.yaml, for editors: made from the spec's own classes and every gate, rule and algorithm."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from everfit import catalog
from everfit.spec.building import adapter
from everfit.spec.model import ModelSpec

TRIGGER = {"$ref": "#/$defs/Trigger"}


class _Untitled(GenerateJsonSchema):
    """Without a made-up title at every key: `max_depth` says more than "Max Depth"."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


def json_schema() -> dict[str, Any]:
    """What a model.yaml may say, as JSON schema (draft 2020-12), with a description at every key."""
    schema = ModelSpec.model_json_schema(schema_generator=_Untitled)
    del schema["properties"]["folder"]
    schema["title"] = "everfit model"
    schema["properties"]["gates"]["items"] = _one_of(catalog.gates(), schema["$defs"])
    schema["properties"]["rollout"]["items"] = _one_of(catalog.strategies(), schema["$defs"])
    schema["$defs"]["Trigger"] = _trigger(schema["$defs"])
    schema["$defs"]["RetrainSpec"]["properties"]["when"]["items"] = TRIGGER
    watch = schema["$defs"]["MonitorSpec"]["properties"]["watch"]
    watch["anyOf"][0]["items"] = _one_of(catalog.monitors(), schema["$defs"])
    data = schema["$defs"]["DataSpec"]
    data["properties"]["rules"]["items"] = _one_of(catalog.rules(), schema["$defs"])
    train = schema["$defs"]["TrainSpec"]
    train["properties"]["algorithm"]["enum"] = list(catalog.algorithms())
    train["allOf"] = [_params(name, kind, schema["$defs"]) for name, kind in catalog.algorithms().items()]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def _one_of(kinds: Mapping[str, type[Any]], definitions: dict[str, Any]) -> dict[str, Any]:
    """One item under `gates` or `rules`: a name alone where no setting is required, or a name with settings."""
    settings = {name: _settings(kind, definitions) for name, kind in kinds.items()}
    alone = [
        {"const": name, "description": setting["description"]}
        for name, setting in settings.items()
        if not setting.get("required")
    ]
    named = {
        "type": "object",
        "properties": {name: _or_nothing(setting) for name, setting in settings.items()},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return {"oneOf": [*alone, named]}


def _trigger(definitions: dict[str, Any]) -> dict[str, Any]:
    """One item under `retrain.when`: a trigger, or a group of them, in which there may be groups."""
    trigger = _one_of(catalog.triggers(), definitions)
    some = {"type": "array", "items": TRIGGER, "minItems": 1}
    k_of = {
        "type": "object",
        "properties": {"k": {"type": "integer", "minimum": 1}, "of": some},
        "required": ["k", "of"],
        "additionalProperties": False,
    }
    trigger["oneOf"][-1]["properties"] |= {
        "all_of": some | {"description": "A run is wanted once all of these want one."},
        "any_of": some | {"description": "A run is wanted once any of these wants one."},
        "k_of": k_of | {"description": "A run is wanted once k of these want one."},
    }
    return trigger


def _or_nothing(setting: dict[str, Any]) -> dict[str, Any]:
    """`- name:` with nothing after it is the name alone, where no setting is required."""
    return setting if setting.get("required") else setting | {"type": ["object", "null"]}


def _params(name: str, kind: type[Any], definitions: dict[str, Any]) -> dict[str, Any]:
    return {
        "if": {"properties": {"algorithm": {"const": name}}},
        "then": {"properties": {"params": _settings(kind, definitions)}},
    }


def _settings(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """The settings of a gate, rule or algorithm; the classes that they refer to go to `definitions`."""
    schema: dict[str, Any] = adapter(kind).json_schema(schema_generator=_Untitled)
    definitions |= schema.pop("$defs", {})
    schema["description"] = inspect.cleandoc(kind.__doc__ or "")
    return schema | {"additionalProperties": False}
