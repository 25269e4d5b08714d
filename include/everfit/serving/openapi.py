"""What the server's OpenAPI says: written here by path, so that it holds however a path is implemented."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from everfit.serving.questions import MOST_BYTES, MOST_ROWS, Question

if TYPE_CHECKING:
    from fastapi import FastAPI

    from everfit.serving.versions import Shelf

Schema = dict[str, Any]

_TIME = r"^(19|20)\d\d-(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"
_LARGEST = 3.4028235677973362e38
"""The largest number that single precision holds, in which features are scored."""
KINDS: Mapping[str, Schema] = {
    "number": {"type": ["number", "boolean", "null"], "minimum": -_LARGEST, "maximum": _LARGEST},
    "text": {"type": ["string", "null"]},
    "truth": {"type": ["boolean", "null"]},
    "time": {
        "type": ["string", "null"],
        "pattern": _TIME,
        "description": "ISO 8601",
        "examples": ["2013-07-04T21:00:00Z"],
    },
}
"""What a row holds for an input of each kind."""

SAID = {
    400: "The body is no JSON.",
    401: "No token, or one that is not known here.",
    403: "The token has not the scope that this asks for; or an open server was asked by another name than localhost.",
    404: "There is no such model here, or none under this alias.",
    408: "The request came too slowly.",
    413: f"The body has more than {MOST_BYTES:,} bytes, or more than {MOST_ROWS:,} rows.",
    409: "Predictions are not kept here, so there is nothing to label.",
    422: "The question or its rows are not as they should be.",
    502: "The version does not load, or its own code fails.",
    503: "Overloaded, or the registry is away: ask again soon.",
    504: "Scoring took too long.",
}
ALWAYS = (401, 403, 408, 413)
ANSWERS: Mapping[tuple[str, str], tuple[int, ...]] = {
    ("/predict", "post"): (400, 404, 422, 502, 503, 504),
    ("/labels", "post"): (400, 404, 409, 422, 503),
    ("/models/{model}/refresh", "post"): (404, 502, 503),
}
"""Which errors a path has beside those that all have."""


def describe(app: FastAPI, shelves: Callable[[], Mapping[str, Shelf]]) -> None:
    """From now on the app's OpenAPI names every error that it may answer, and of /predict what each model wants now."""
    from fastapi.openapi.utils import get_openapi

    def now() -> Schema:
        found = get_openapi(title=app.title, version=app.version, routes=app.routes)
        found["paths"].setdefault("/predict", {}).setdefault("post", {"summary": "Predict"})
        for path, operations in found["paths"].items():
            for method, operation in operations.items():
                _complete(operation, path, method)
        found["paths"]["/predict"]["post"] |= {
            "requestBody": {"required": True, "content": {"application/json": {"schema": question(shelves())}}}
        }
        parts = found.setdefault("components", {})
        parts["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        ours = {name: one for name, one in parts.get("schemas", {}).items() if "ValidationError" not in name}
        parts["schemas"] = {**ours, "Error": _object({"error": {"type": "string"}})}
        return found

    app.openapi = now  # type: ignore[method-assign]


def question(shelves: Mapping[str, Shelf]) -> Schema:
    """What /predict is asked: one form for each loaded version, with its inputs; without any, the general form.

    Rows with more than the inputs are welcome: what is not an input is not looked at.
    """
    general = Question.model_json_schema()
    general.pop("title", None)
    general["properties"]["rows"] |= {"minItems": 1, "maxItems": MOST_ROWS}
    forms = [form for name, shelf in shelves.items() for form in _forms(general, name, shelf)]
    return {"anyOf": forms} if forms else general


def _forms(general: Schema, name: str, shelf: Shelf) -> Iterator[Schema]:
    for number in dict.fromkeys(shelf.numbers.values()):
        aliases = [alias for alias, version in shelf.numbers.items() if version == number]
        card = shelf.by_alias[aliases[0]].predictor.card
        row = _object({column.name: KINDS[column.kind] for column in card.inputs.inputs})
        properties = general["properties"] | {
            "model": {"const": name, "type": "string"},
            "alias": general["properties"]["alias"] | {"enum": aliases},
            "rows": {"type": "array", "minItems": 1, "maxItems": MOST_ROWS, "items": row},
        }
        needed = [*general["required"], *(["alias"] if "champion" not in aliases else [])]
        if "champion" not in aliases:
            properties["alias"].pop("default", None)
        yield general | {"title": f"{name} {number}", "properties": properties, "required": needed}


def _complete(operation: Schema, path: str, method: str) -> None:
    responses = operation.setdefault("responses", {})
    responses.pop("422", None)  # FastAPI's own, of another form than ours
    if path != "/healthz":
        operation["security"] = [{"token": []}]
        for status in (*ALWAYS, *ANSWERS.get((path, method), ())):
            responses[str(status)] = _response(status)
    if success := SUCCESS.get(path):
        for status, answer in success.items():
            responses[str(status)] = answer


def _response(status: int) -> Schema:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {"description": SAID[status], "content": content}


def _object(properties: Mapping[str, Schema]) -> Schema:
    return {"type": "object", "properties": dict(properties), "required": list(properties)}


def _ok(description: str, schema: Schema, kind: str = "application/json", **more: Any) -> Schema:
    return {"description": description, "content": {kind: {"schema": schema}}, **more}


_BY_ALIAS: Schema = {"type": "object", "additionalProperties": {"type": "integer"}}
_ANSWER: Schema = {
    "description": "A number (a probability for a binary task), one per class or quantile by its name, or null where"
    " the server abstains.",
    "anyOf": [
        {"type": "number"},
        {"type": "object", "additionalProperties": {"type": "number"}},
        {"type": "null"},
    ],
}
_DID: Schema = {"type": "object", "additionalProperties": {"type": "number"}}
_EXPLAINED: Schema = {
    "type": "array",
    "description": "If asked for: what each feature did to each answer, the largest first, on the scale on which the"
    " model adds up (log-odds, say); by class or quantile where there are several; null where it did not answer.",
    "items": {"anyOf": [_DID, {"type": "object", "additionalProperties": _DID}, {"type": "null"}]},
}
_PREDICTED = _object(
    {
        "model": {"type": "string"},
        "version": {"type": "integer"},
        "alias": {"type": "string"},
        "predictions": {"type": "array", "items": _ANSWER},
    }
)
_PREDICTED["properties"]["explanations"] = _EXPLAINED
_HEALTH = _object(
    {
        "status": {"type": "string"},
        "models": {"type": "object", "additionalProperties": _BY_ALIAS},
        "problems": {"type": "object", "additionalProperties": {"type": "string"}},
    }
)
_KEPT = {"X-Everfit-Prediction": {"description": "The id of a kept answer.", "schema": {"type": "string"}}}
SUCCESS: Mapping[str, Mapping[int, Schema]] = {
    "/predict": {200: _ok("One answer per row.", _PREDICTED, headers=_KEPT)},
    "/models/{model}/refresh": {
        200: _ok("What is loaded now.", _object({"model": {"type": "string"}, "aliases": _BY_ALIAS}))
    },
    "/models": {200: _ok("Each model.", {"type": "object", "additionalProperties": _object({"aliases": _BY_ALIAS})})},
    "/metrics": {200: _ok("Prometheus' text.", {"type": "string"}, "text/plain")},
    "/healthz": {200: _ok("It can serve.", _HEALTH), 503: _ok("It cannot serve.", _HEALTH)},
}
