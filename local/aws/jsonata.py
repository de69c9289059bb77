"""JSONata as Step Functions evaluates it. jsonata-python evaluates the language. This module adds AWS's own functions
that the workflow uses, and takes and returns JSON."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from jsonata import Jsonata, Utils


class QueryError(Exception):
    """An expression for which Step Functions would report States.QueryEvaluationError. The message says why."""


def _parse(text: str) -> Any:
    return _bindable(json.loads(text))


def _hash(text: str, algorithm: str) -> str:
    digests = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    return hashlib.new(digests[algorithm], text.encode()).hexdigest()


def _eval(*_: object) -> NoReturn:
    raise QueryError("Step Functions has no $eval; use $parse")


def _bindable(value: Any) -> Any:
    """`value`, but a single JSON null becomes the library's own null. The library uses None for undefined."""
    return Utils.NULL_VALUE if value is None else value


# AWS's own functions that the workflow uses, and $eval, which the library has but Step Functions lacks.
FUNCTIONS = {"parse": _parse, "hash": _hash, "eval": _eval}


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The JSON value of `expression`. `variables` are JSON values by names without "$".

    Raises QueryError where AWS reports States.QueryEvaluationError: for bad syntax, a failing function, an undefined
    result, or a result that is not JSON.
    """
    try:
        query = Jsonata(expression)
        query.set_output_convert_nulls(False)
        for name, function in FUNCTIONS.items():
            query.register_lambda(name, function)
        for name, value in variables.items():
            query.assign(name, _bindable(value))
        result = query.evaluate(None)
    except Exception as error:  # the library raises its own errors and Python's: a division by zero, a wrong type
        raise QueryError(f"The JSONata expression '{expression}' threw an error: {error!r}") from error
    if result is None:
        raise QueryError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    try:
        return json.loads(json.dumps(Utils.convert_nulls(result), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise QueryError(f"The JSONata expression '{expression}' returned an unsupported result type.") from error
