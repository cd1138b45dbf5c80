"""The first person of an empty installation, at the set-up page in a browser."""

from playwright.sync_api import Page

EMAIL, PASSWORD = "ada@winter.example", "kettle ladder orbit seven"


def set_up(page: Page) -> None:
    """From the open set-up page to Today of the new desk, whose handle is `winter`."""
    page.get_by_label("Your name").fill("Ada Winter")
    page.get_by_label("Your e-mail").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Name of your service desk").fill("Winter")
    page.get_by_label("I do, myself").check()
    page.get_by_role("button", name="Set up the desk").click()
    page.wait_for_url("**/d/winter/")
