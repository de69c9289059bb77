"""JSONata as Step Functions evaluates it: the language by jsonata-python, AWS's own functions that the
workflow uses, JSON in and out."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NoReturn

from jsonata import Jsonata, Utils


class QueryError(Exception):
    """An expression that Step Functions would fail with States.QueryEvaluationError; the message says why."""


def _parse(text: str) -> Any:
    return _bindable(json.loads(text))


def _hash(text: str, algorithm: str) -> str:
    digests = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
    return hashlib.new(digests[algorithm], text.encode()).hexdigest()


def _eval(*_: object) -> NoReturn:
    raise QueryError("Step Functions has no $eval; use $parse")


def _bindable(value: Any) -> Any:
    """`value`, with a JSON null that stands alone as the library writes it; it takes None for undefined."""
    return Utils.NULL_VALUE if value is None else value


# Of AWS's own functions, those that the workflow uses; and $eval, which the library has and Step Functions has not.
FUNCTIONS = {"parse": _parse, "hash": _hash, "eval": _eval}


def evaluate(expression: str, variables: Mapping[str, Any]) -> Any:
    """The JSON value of `expression`, where each of `variables` (names without "$") is bound to a JSON value.

    Raises QueryError where AWS reports States.QueryEvaluationError: bad syntax, a failing function, an undefined
    result, or one that is not JSON.
    """
    try:
        query = Jsonata(expression)
        query.set_output_convert_nulls(False)
        for name, function in FUNCTIONS.items():
            query.register_lambda(name, function)
        for name, value in variables.items():
            query.assign(name, _bindable(value))
        result = query.evaluate(None)
    except Exception as error:  # the library raises its own errors, but Python's too: a division by zero, a wrong type
        raise QueryError(f"The JSONata expression '{expression}' threw an error: {error!r}") from error
    if result is None:
        raise QueryError(f"The JSONata expression '{expression}' returned nothing (undefined).")
    try:
        return json.loads(json.dumps(Utils.convert_nulls(result), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise QueryError(f"The JSONata expression '{expression}' returned an unsupported result type.") from error
