"""Taking in a picture somebody sends: the image work holds no transaction, the row is written after it."""

from werkzeug.datastructures import FileStorage

from app.extensions import db, desk, me, now, settings
from content_library.errors import InvalidInput
from content_library.media import MAY_ADD, add_picture
from content_library.media_store import remove_image, store_image
from content_library.models.media import Media
from content_library.permissions import can_draft, require


def take_in(file: FileStorage, *, alt: str = "", rights: str = "") -> Media:
    """The new picture on this desk's shelf. Raises InvalidInput at `upload` for what is no picture or too large."""
    require(can_draft(me(), desk().id), MAY_ADD)
    db().commit()  # nothing of ours waits while the picture is opened, shrunk and written
    folder = settings().media_folder
    try:
        stored = store_image(file.stream.read(), folder=folder)
    except InvalidInput as refusal:
        raise InvalidInput(refusal.message, {"upload": refusal.message}) from refusal
    try:
        picture = add_picture(
            db(),
            desk(),
            stored,
            actor=me(),
            now=now(),
            original_name=file.filename or "",
            alt=alt,
            rights=rights,
        )
        db().flush()
    except BaseException:
        remove_image(folder, stored)
        raise
    return picture
