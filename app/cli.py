"""The command line: `deskcast run`, and every part of it alone."""

import json
import os
import sys
from pathlib import Path

import click

from app import demo, doctor, processes, restore
from app.backup_commands import backup_command, restore_command
from app.counting import count_for_all
from app.logs import set_up_logs
from app.mail_rendering import renderer
from content_library import clock, recreation, sealing, users
from content_library.database import Database
from content_library.record_chain import Head, Walk
from content_library.recreation import Progress
from content_library.settings import BadSettings, Settings, load
from scheduler import engine as scheduler_engine
from scheduler import worker_process
from service_channel import accounts, connecting, network_apps
from service_channel.token_vault import CannotOpen, TokenVault

UNFINISHED = "A restore of this installation was not finished. Run deskcast restore again, then start."
NEEDS_POSTGRESQL = (
    "A worker cannot run here, because the database is a SQLite file, which one engine alone sends from: set "
    "DESKCAST_DATABASE_URL to a PostgreSQL database, or start deskcast engine instead."
)
PART = 50_000
"""Entries between two words about progress."""


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.pass_context
def main(context: click.Context) -> None:
    """Deskcast: where a customer-service team keeps, clears and sends the things it says first."""
    try:
        context.obj = load()
    except BadSettings as wrong:
        click.echo("The configuration cannot be used:\n", err=True)
        for problem in wrong.problems:
            click.echo(f"  · {problem}", err=True)
        sys.exit(2)
    set_up_logs(as_json=context.obj.log_json, settings=context.obj)


main.add_command(backup_command)
main.add_command(restore_command)


@main.command()
@click.pass_obj
def run(settings: Settings) -> None:
    """Bring the database up to date, then start web and engine together."""
    if restore.is_unfinished(settings):
        click.echo(UNFINISHED, err=True)
        sys.exit(1)
    sys.exit(processes.run(settings))


@main.command()
@click.pass_obj
def web(settings: Settings) -> None:
    """Start the web server alone."""
    processes.become_web(settings)


@main.command()
@click.option("--crash-at", default="", hidden=True, envvar="DESKCAST_CRASH_AT", help="For drills only.")
@click.pass_obj
def engine(settings: Settings, crash_at: str) -> None:
    """Start an engine alone: it sends, looks, polls, mails and seals."""
    if restore.is_unfinished(settings):
        click.echo(UNFINISHED, err=True)
        sys.exit(1)
    count_for_all(settings)
    scheduler_engine.run(settings, Database(settings.database_url), renderer(settings), crash_at=crash_at)


@main.command()
@click.option("--crash-at", default="", hidden=True, envvar="DESKCAST_CRASH_AT", help="For drills only.")
@click.pass_obj
def worker(settings: Settings, crash_at: str) -> None:
    """Start a worker alone: it sends what engines ring for. As many as you like, on PostgreSQL."""
    if settings.database_url.startswith("sqlite"):
        click.echo(NEEDS_POSTGRESQL, err=True)
        sys.exit(2)
    if restore.is_unfinished(settings):
        click.echo(UNFINISHED, err=True)
        sys.exit(1)
    count_for_all(settings)
    database = Database(settings.database_url)
    worker_process.run(settings, database, crash_at=crash_at)


@main.command("migrate")
@click.pass_obj
def migrate_command(settings: Settings) -> None:
    """Bring the database up to date and put the built-in formats and teams in place."""
    processes.prepare_database(settings, say=click.echo)


@main.command("rotate-keys")
@click.pass_obj
def rotate_keys(settings: Settings) -> None:
    """Seal every secret under the first of DESKCAST_VAULT_KEYS; the others can be taken away afterwards."""
    vault, count = TokenVault(settings.vault_keys), 0
    database = Database(settings.database_url)
    try:
        while done := _some_sealed_again(database, vault):
            count += done
    except CannotOpen as problem:
        click.echo(
            f"Stopped after {count}: {problem}. Add the key it was sealed under to DESKCAST_VAULT_KEYS.",
            err=True,
        )
        sys.exit(1)
    click.echo(
        f"{count} sealed again. All stand under the first key now."
        if count
        else "All stand under the first key."
    )


def _some_sealed_again(database: Database, vault: TokenVault) -> int:
    with database.write() as session:
        return (
            accounts.seal_again(session, vault=vault)
            + network_apps.seal_again(session, vault=vault)
            + connecting.seal_again(session, vault=vault, now=clock.now(session))
        )


@main.command("demo")
@click.pass_obj
def demo_command(settings: Settings) -> None:
    """Load the demo desk into an empty database."""
    processes.prepare_database(settings, say=click.echo)
    loaded = demo.load(Database(settings.database_url), settings)
    said = (
        "The demo desk is loaded."
        if loaded
        else "There are people in this database already; nothing was changed."
    )
    click.echo(said)
    sys.exit(0 if loaded else 1)


@main.command("set-up-link")
@click.pass_obj
def set_up_link(settings: Settings) -> None:
    """Print a one-time link for the first administrator of an empty installation."""
    database = Database(settings.database_url)
    with database.write() as session:
        secret = users.set_up_secret(session)
    if secret is None:
        click.echo("There are people already. Ask an administrator for an invitation.", err=True)
        sys.exit(1)
    click.echo(f"{settings.public_url}/set-up/{secret}")


@main.command("doctor")
@click.pass_obj
def doctor_command(settings: Settings) -> None:
    """Say in words what is wrong with this installation, and what to do about it."""
    findings = doctor.examine(settings)
    for finding in findings:
        click.echo(f"{'ok  ' if finding.ok else 'MEND'}  {finding.sentence}")
    sys.exit(0 if all(f.ok for f in findings) else 1)


@main.command("verify-audit")
@click.option(
    "--head", type=click.Path(exists=True, dir_okay=False), help="An exported head to compare with."
)
@click.pass_obj
def verify_audit(settings: Settings, head: str | None) -> None:
    """Verify the record's chain, and every revision against it; name the first broken entry."""
    exported = _head_of(head) if head else None
    with Database(settings.database_url).read() as session:
        now, total = clock.now(session), int(sealing.export_head(session)["seq"])
        walk = Walk()
        while (
            on := sealing.verify_part(session, walk, key=settings.record_key, head=exported, most=PART)
        ) != walk:
            walk = on
            _say_progress(f"{walk.seq:,} of {total:,} entries", shown=total > PART)
        verification = sealing.conclude(session, walk, now=now, head=exported)
        proof = Progress()
        while (further := recreation.prove_part(session, proof)) != proof:
            proof = further
            _say_progress(f"{proof.revisions:,} revisions", shown=proof.revisions > PART)
    for sentence in (*verification.sentences(), *proof.sentences()):
        click.echo(sentence)
    sys.exit(0 if verification.ok and proof.ok else 1)


def _head_of(path: str) -> Head | None:
    try:
        return sealing.read_head(json.loads(Path(path).read_text(encoding="utf-8")))
    except (ValueError, OSError):
        click.echo(
            f"{path} is not an exported head. Give the file that deskcast export-head wrote.", err=True
        )
        sys.exit(2)


def _say_progress(done: str, *, shown: bool) -> None:
    """On long work, where it does not get between the lines of the verdict."""
    if shown:
        click.echo(f"… {done}", err=True)


@main.command("export-head")
@click.pass_obj
def export_head(settings: Settings) -> None:
    """Print the head of the record's chain, to be kept somewhere else."""
    with Database(settings.database_url).read() as session:
        click.echo(json.dumps(sealing.export_head(session), indent=2, sort_keys=True))


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
