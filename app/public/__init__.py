"""What customers see: the public page and its feeds, and the health addresses."""

from flask import Flask

from app.public import health, pages
from app.public.views import blueprint


def install(app: Flask) -> None:
    app.jinja_env.filters.update(
        heading=pages.heading,
        excerpt=pages.excerpt,
        paragraphs=pages.paragraphs,
        source_of=pages.source_of,
        srcset=pages.srcset,
    )
    app.register_blueprint(blueprint)
    health.note_start(app)
