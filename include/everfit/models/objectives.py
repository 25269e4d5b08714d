"""`objectives.py` of a model's folder: functions that say which way a prediction was wrong, and how much.

    def name(predictions, labels) -> (gradient, hessian)

`predictions` are what the trees add up to, before any link: log odds for binary, one column of such per class for
multiclass, the number itself for regression. Both answers have their shape: the first and second derivative of each
row's loss. Weights are everfit's business and are multiplied in afterwards.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from everfit.errors import SpecError, TrainingFailed, UnknownName

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]

FILE = "objectives.py"


@dataclass(frozen=True)
class Objective:
    """One function of an objectives.py, and the bytes and SHA-256 of the whole file."""

    name: str
    path: Path
    source: bytes
    sha256: str
    function: Callable[[Array, Array], Any] = field(compare=False)

    def __call__(self, predictions: Array, labels: Array) -> tuple[Array, Array]:
        """Gradient and hessian.

        Errors: `SpecError` if the function fails or gives something else, `TrainingFailed` if it gives what is no
        finite number, as it will of predictions that explode.
        """
        import numpy as np

        try:
            gradient, hessian = (np.asarray(one, dtype=np.float64) for one in self.function(predictions, labels))
        except MemoryError:
            raise
        except Exception as error:
            raise SpecError(f"{self.path}: {self.name}() failed with {type(error).__name__}: {error}") from error
        for what, found in (("gradient", gradient), ("hessian", hessian)):
            if found.shape != predictions.shape:
                raise SpecError(
                    f"{self.path}: {self.name}() gave a {what} of shape {found.shape} for predictions of shape "
                    f"{predictions.shape}; wanted one number for each"
                )
            if not np.isfinite(found).all():
                raise TrainingFailed(f"{self.path}: {self.name}() gave a {what} with numbers that are not finite")
        return gradient, hessian


def names_in(path: Path) -> list[str]:
    """The public functions of an objectives.py, without running it; `SpecError` if there is no such file."""
    try:
        tree = ast.parse(path.read_bytes())
    except OSError as error:
        raise SpecError(f"{path}: cannot read the objectives: {error.strerror}") from error
    except SyntaxError as error:
        raise SpecError(f"{path}:{error.lineno}: the file does not load: {error.msg}") from error
    return [one.name for one in tree.body if isinstance(one, ast.FunctionDef) and not one.name.startswith("_")]


def load_objective(path: Path, name: str) -> Objective:
    """The function `name` of an objectives.py. Errors: `UnknownName`, and `SpecError` for a file that does not load."""
    known = names_in(path)
    if name not in known:
        raise UnknownName(f"objective in {path}", name, known)
    source = path.read_bytes()
    module = ModuleType(f"everfit_objectives_{hashlib.sha256(source).hexdigest()[:16]}")
    module.__file__ = str(path)
    try:
        exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102 - the team's own code, by design
    except Exception as error:
        raise SpecError(f"{path}: the file does not load: {type(error).__name__}: {error}") from error
    return Objective(name, path, source, hashlib.sha256(source).hexdigest(), getattr(module, name))
