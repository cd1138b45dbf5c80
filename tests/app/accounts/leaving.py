"""The page that leads from Deskcast to a network."""

from lxml import html
from werkzeug.test import TestResponse


def leads_to(answer: TestResponse) -> str:
    """The address a browser goes on to: by itself, and by the button for who waits in vain."""
    assert answer.status_code == 200, " ".join(html.fromstring(answer.text).text_content().split())
    page = html.fromstring(answer.text)
    (refresh,) = page.xpath("//meta[@http-equiv='refresh']/@content")
    address = refresh.removeprefix("0; url=")
    assert address in page.xpath("//a/@href")
    return address
