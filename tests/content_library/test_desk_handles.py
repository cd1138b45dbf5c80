"""The handle of a desk stands in addresses other people rely on."""

import pytest
from sqlalchemy.orm import Session

from content_library.errors import InvalidInput
from tests import factories as make


@pytest.mark.parametrize("handle", ["media", "a", "-x", "über", "two words", "a/b", "x" * 41, ""])
def test_a_handle_that_cannot_stand_in_an_address_is_refused(session: Session, handle: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make.make_desk(session, handle=handle)
    assert "handle" in refused.value.fields


def test_two_desks_never_share_a_handle(session: Session) -> None:
    make.make_desk(session, handle="brindlemoor")
    with pytest.raises(InvalidInput, match="already"):
        make.make_desk(session, handle="Brindlemoor ")
