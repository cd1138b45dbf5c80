"""What people see: the web application over the library, the service channel and the scheduler."""

from importlib import import_module

from flask import Flask, g, request
from flask_wtf import CSRFProtect
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from app import mentions
from app.config import flask_config
from app.counting import count_for_all, count_requests
from app.desks import scope_desks
from app.errors import answer_errors
from app.extensions import connect_database, now
from app.formatting import teach_templates
from app.headers import add_headers
from app.logs import set_up_logs
from app.metrics import Figures
from app.navigation import frame
from app.request_ids import tell_requests_apart
from app.sign_in import know_people
from content_library.database import Database
from content_library.settings import Settings, load
from scheduler import reactions

FEATURES = (
    "auth",
    "home",
    "library",
    "posts",
    "reviews",
    "decisions",
    "calendar",
    "accounts",
    "status",
    "curation",
    "boundaries",
    "agreements",
    "facts",
    "ladder",
    "record",
    "reports",
    "admin",
    "public",
)

csrf = CSRFProtect()


def create_app(settings: Settings | None = None, database: Database | None = None) -> Flask:
    """The application. Tests hand in their own settings and database; the rest comes from the environment."""
    settings, figures = (settings, Figures()) if settings else _installation()
    app = Flask(__name__)
    app.config.from_mapping(flask_config(settings))
    app.extensions["deskcast.settings"] = settings
    app.extensions["deskcast.database"] = database or Database(settings.database_url)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=0
        )
    tell_requests_apart(app)
    csrf.init_app(app)
    connect_database(app)
    answer_errors(app)
    add_headers(app)
    teach_templates(app)
    mentions.teach_templates(app)
    for feature in FEATURES:
        import_module(f"app.{feature}").install(app)
    know_people(app)
    scope_desks(app)
    app.context_processor(_for_templates)
    count_requests(app, figures)
    reactions.listen()
    return app


def _installation() -> tuple[Settings, Figures]:
    """What belongs to a process of its own: the environment's settings, its log, the figures it shares."""
    settings = load()
    set_up_logs(as_json=settings.log_json, settings=settings)
    return settings, count_for_all(settings)


def _for_templates() -> dict[str, object]:
    if request.endpoint == "static":
        return {}
    g.now_shown = now()
    return {"now": g.now_shown, "me": g.get("user"), "desk": g.get("desk"), **frame()}
