"""The settings of the player, as a viewer with a mouse uses them."""

from playwright.sync_api import Locator, Page


def item(page: Page, name: str) -> Locator:
    """The line of the open settings menu with this name."""
    return page.get_by_role("menuitem", name=name)


def open_menu(page: Page) -> None:
    """Open the settings, or leave them open."""
    if not page.locator("#menu").is_visible():
        page.locator("#stage").hover()  # The controls hide when the mouse does not move.
        page.locator("#settings").click()


def choose(page: Page, choices: str, choice: str) -> None:
    """Choose something, and go back to the first page of the settings."""
    open_menu(page)
    item(page, choices).first.click()
    page.get_by_role("menuitemradio", name=choice, exact=True).click()
    page.locator("#menu .up").click()
