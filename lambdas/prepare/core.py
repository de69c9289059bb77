"""Prepare: decides what the workflow does next with an upload. Pure."""

from typing import Any, Literal, TypedDict

from lambdas.cost import Cost
from lambdas.plan import Group, Plan
from lambdas.shapes import Expected, Found


class Preparation(TypedDict):
    """The decision. Every field is always present, because the workflow's expressions fail if one is missing."""

    next: Literal["SETTLE", "REGISTER", "WAIT", "VERIFY", "ENCODE"]
    """SETTLE: the same content already plays. REGISTER: only put it into the catalogue. WAIT: its job is running.
    VERIFY: its job is done. ENCODE: create a job."""
    content: str
    version: str
    """Version that the finished job made. Empty for any other answer."""
    warnings: list[dict[str, int]]
    input: dict[str, Any]
    groups: list[Group]
    expected: Expected | None
    cost: Cost | None
    """Cost of the job to create. Null for any other answer, and if the film's length is not known."""


def decided(what: Literal["SETTLE", "REGISTER", "WAIT"], content: str) -> Preparation:
    """The answer if no job is created now."""
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
    """The answer if a finished job has made what `planned` orders."""
    done = decided("WAIT", content)
    return {
        **done,
        "next": "VERIFY",
        "version": found["version"],
        "warnings": found["warnings"],
        "expected": planned["expected"],
    }


def encode(content: str, planned: Plan, price: Cost | None) -> Preparation:
    """The answer if a job must be created."""
    return {
        **decided("WAIT", content),
        "next": "ENCODE",
        "input": planned["input"],
        "groups": planned["groups"],
        "expected": planned["expected"],
        "cost": price,
    }
