"""Time zones to choose from, as people read them."""

from content_library.wall_time import zone_names


def zone_choices(chosen: str | None = None) -> list[tuple[str, str]]:
    """(name, label) of every zone; one that is in use stays in the list whatever it is."""
    names = list(zone_names())
    if chosen and chosen not in names:
        names.insert(0, chosen)
    return [(name, name.replace("_", " ").replace("/", " / ")) for name in names]
