"""`deskcast backup` and `deskcast restore`: what they ask, and what they say."""

import sys
from pathlib import Path

import click
import psycopg
from sqlalchemy.exc import SQLAlchemyError

from app import backup, restore
from app.backup import Made
from app.backup_file import BadBackup, Manifest
from app.database_copies import CopyFailed
from app.restore import NotRestored, Restored
from content_library.settings import Settings

KEYS = {
    backup.INCLUDED: "in it: whoever has this file can open the credentials of every account. Guard it",
    backup.LEFT_OUT: "left out: keep the folder keys/ apart, or every account has to be connected again",
    backup.ELSEWHERE: "not in it: they come from the environment. Keep them apart",
}
OUT_OF_REACH = (OSError, SQLAlchemyError, psycopg.Error)


@click.command("backup")
@click.argument("where", type=click.Path(path_type=Path))
@click.option("--without-keys", is_flag=True, help="Leave the keys out, to keep them apart.")
@click.pass_obj
def backup_command(settings: Settings, where: Path, *, without_keys: bool) -> None:
    """Write a backup into a folder, or to a file, while everything runs."""
    try:
        made = backup.back_up(settings, where, with_keys=not without_keys)
    except (CopyFailed, *OUT_OF_REACH) as problem:
        _give_up(problem)
    _say_made(made)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", "replace_existing", is_flag=True, help="Take the place of what is here.")
@click.option("--check", "only_check", is_flag=True, help="Only say whether the backup is whole.")
@click.pass_obj
def restore_command(settings: Settings, file: Path, *, replace_existing: bool, only_check: bool) -> None:
    """Put a backup back. What was due since it was made is not sent: people decide."""
    try:
        if only_check:
            _say_whole(restore.check(file))
            return
        done = restore.restore(settings, file, replace_existing=replace_existing)
    except (BadBackup, NotRestored, CopyFailed, *OUT_OF_REACH) as problem:
        _give_up(problem)
    _say_restored(done)


def _give_up(problem: Exception) -> None:
    click.echo(str(problem).splitlines()[0], err=True)
    sys.exit(1)


def _say_made(made: Made) -> None:
    manifest = made.manifest
    click.echo(f"Backed up to {made.path} ({made.size / 2**20:.1f} MB).")
    _say_contents(manifest)
    click.echo(f"  keys       {KEYS[manifest.keys]}")
    if manifest.missing:
        click.echo(f"  missing    {len(manifest.missing)} pictures are not in the media folder", err=True)


def _say_contents(manifest: Manifest) -> None:
    pictures = sum(name.startswith("media/") for name in manifest.files)
    click.echo(f"  of         {manifest.moment:%Y-%m-%d %H:%M:%S} UTC, Deskcast {manifest.deskcast}")
    click.echo(f"  database   {manifest.server}, {sum(manifest.publications.values())} publications")
    click.echo(f"  record     up to entry {manifest.head['seq']}")
    click.echo(f"  pictures   {pictures} files")


def _say_whole(manifest: Manifest) -> None:
    click.echo("The backup is whole.")
    _say_contents(manifest)


def _say_restored(done: Restored) -> None:
    settled = done.settled
    click.echo("Restored.")
    _say_contents(done.manifest)
    for kept in done.aside:
        click.echo(f"  aside      {kept}")
    click.echo(f"  missed     {settled.missed} publications were due since then; people decide about each")
    if settled.expired:
        click.echo(f"  expired    {settled.expired} that were not cleared then; they have to be planned anew")
    click.echo(f"  looked for {settled.looked_for} that were on their way then")
    click.echo("  sign-in    everybody signs in again; people, roles and passwords are those of then")
    for warning in done.warnings:
        click.echo(f"  MIND       {warning}", err=True)
    click.echo("Look at what was moved to an earlier time after the backup: Deskcast cannot know of it.")
    click.echo("Then start Deskcast.")
