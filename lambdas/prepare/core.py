"""Prepare: what the workflow does next with an upload. Pure."""

from typing import Any, Literal, TypedDict

from lambdas.cost import Cost
from lambdas.plan import Group, Plan
from lambdas.shapes import Expected, Found


class Preparation(TypedDict):
    """Every field is always there: the workflow's expressions fail at what is missing."""

    next: Literal["SETTLE", "REGISTER", "WAIT", "VERIFY", "ENCODE"]
    """The same content plays already · catalogue it · its job runs · its job is done · make a job."""
    content: str
    version: str
    """Of the job that is done; empty for any other answer."""
    warnings: list[dict[str, int]]
    input: dict[str, Any]
    groups: list[Group]
    expected: Expected | None
    cost: Cost | None
    """Of the job that is to be made; null for any other answer, and where the film's length is not known."""


def decided(what: Literal["SETTLE", "REGISTER", "WAIT"], content: str) -> Preparation:
    """There is nothing to encode, or nothing yet."""
    nothing: Preparation = {
        "next": what,
        "content": content,
        "version": "",
        "warnings": [],
        "input": {},
        "groups": [],
        "expected": None,
        "cost": None,
    }
    return nothing


def verify(content: str, planned: Plan, found: Found) -> Preparation:
    """A job that is done made what `planned` orders."""
    done = decided("WAIT", content)
    return {
        **done,
        "next": "VERIFY",
        "version": found["version"],
        "warnings": found["warnings"],
        "expected": planned["expected"],
    }


def encode(content: str, planned: Plan, price: Cost | None) -> Preparation:
    """A job is to be made."""
    return {
        **decided("WAIT", content),
        "next": "ENCODE",
        "input": planned["input"],
        "groups": planned["groups"],
        "expected": planned["expected"],
        "cost": price,
    }
