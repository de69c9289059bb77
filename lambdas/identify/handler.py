"""The Lambda for Identify. It takes an upload and returns its title. It calls no service."""

from lambdas.identify.core import Upload, identify
from lambdas.refusals import LOG, step
from lambdas.shapes import Title


@step
def handle(event: Upload, _context: object) -> Title:
    """Returns the title. Raises NotAFilm."""
    title = identify(event)
    LOG.info("identified", extra={"title": title["id"], "key": title["key"]})
    return title
