"""The program's resources, in an update and in a preview, checked by the whole pack."""

import pytest

from local.engine import Deployment, run_program
from tests.declared import whole, with_standby, zoned
from tests.unit.policy.pack import ROOT, Item, Pack, Violation


def violations(pack: Pack, deployment: Deployment) -> list[Violation]:
    """The violations of both kinds of rules, called as the engine does."""
    made = [item for item in deployment.registrations if item.custom]
    inputs = [Item(item.type, item.inputs, item.name, item.urn) for item in made]
    outputs = [
        Item(
            item.type, item.outputs, item.name, item.urn, bool(item.options.get("protect")), item.property_dependencies
        )
        for item in made
    ]
    assert len(made) > 100
    return [violation for item in inputs for violation in pack.analyze(item)] + pack.analyze_stack(outputs)


@pytest.mark.parametrize("stack", ["dev", "local", "prod"])
def test_the_platform_passes(pack: Pack, stack: str) -> None:
    assert violations(pack, whole(stack)) == []


@pytest.mark.parametrize("preview", [False, True], ids=["update", "preview"])
def test_the_platform_passes_with_a_hosted_zone(pack: Pack, preview: bool) -> None:
    assert violations(pack, zoned(preview=preview)) == []


def test_the_platform_passes_with_a_second_home(pack: Pack) -> None:
    assert violations(pack, with_standby()) == []


def test_a_preview_passes_without_a_word_about_what_it_cannot_know(pack: Pack) -> None:
    assert violations(pack, whole("prod", preview=True)) == []


def test_production_without_protection_or_tags_is_refused(pack: Pack) -> None:
    """These are the two rules that a config can break, so the rules see the program's real resources."""
    config = {"protect": False, "aws:defaultTags": None, "fleets": 1}
    found = violations(pack, run_program(ROOT, stack="prod", config=config))
    assert {violation.rule for violation in found} == {"production-protected", "required-tags"}
    unprotected = {violation.urn.rpartition("::")[2] for violation in found if violation.rule == "production-protected"}
    assert {"content-uploads-bucket", "content-media-bucket", "catalogue-titles", "pop-eu-west-1-alb"} <= unprotected
    assert "site-bucket" not in unprotected
