"""The full-text index of posts: whole words and prefixes, the same results on SQLite and PostgreSQL.

The table `post_search` (rowid/post_id, tokens) is FTS5 on SQLite and a GIN-indexed tsvector on PostgreSQL; both
hold tokens folded in Python, so neither database's own language rules matter.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Select, column, func, literal_column, select, table, text
from sqlalchemy.orm import Session

from content_library.models.post import Post
from content_library.search_tokens import tokens

_SQLITE = "CREATE VIRTUAL TABLE post_search USING fts5(tokens, tokenize='ascii', prefix='2 3 4')"
_POSTGRESQL_TABLE = (
    "CREATE TABLE post_search (post_id integer PRIMARY KEY REFERENCES posts(id) ON DELETE CASCADE,"
    " words tsvector NOT NULL)"
)
_POSTGRESQL_INDEX = "CREATE INDEX ix_post_search_words ON post_search USING gin (words)"


def create_search_index(connection: Connection) -> None:
    """Make the index table; the first migration says the same."""
    on_sqlite = connection.dialect.name == "sqlite"
    for statement in (_SQLITE,) if on_sqlite else (_POSTGRESQL_TABLE, _POSTGRESQL_INDEX):
        connection.execute(text(statement))


def index_post(session: Session, post: Post, texts: Iterable[str]) -> None:
    """Put what can be found of a post in place of what was there."""
    words = " ".join(tokens(texts))
    if session.get_bind().dialect.name == "sqlite":
        session.execute(text("DELETE FROM post_search WHERE rowid = :id"), {"id": post.id})
        session.execute(
            text("INSERT INTO post_search (rowid, tokens) VALUES (:id, :words)"),
            {"id": post.id, "words": words},
        )
        return
    session.execute(
        text(
            "INSERT INTO post_search (post_id, words) VALUES (:id, array_to_tsvector(string_to_array(:words, ' ')))"
            " ON CONFLICT (post_id) DO UPDATE SET words = excluded.words"
        ),
        {"id": post.id, "words": " ".join(sorted(set(words.split())))},
    )


def matching(session: Session, query: str) -> ColumnElement[bool] | None:
    """A condition on `Post`: every word of the query begins a word of the post. None when nothing was asked."""
    words = tokens([query])
    if not words:
        return None
    return Post.id.in_(_sqlite(words) if session.get_bind().dialect.name == "sqlite" else _postgresql(words))


def _sqlite(words: list[str]) -> Select[tuple[int]]:
    index = table("post_search", column("rowid"))
    asked = " AND ".join(f'"{word}"*' for word in words)
    return select(index.c.rowid).where(
        literal_column("post_search").op("MATCH")(asked)  # tokens hold letters and digits only
    )


def _postgresql(words: list[str]) -> Select[tuple[int]]:
    index = table("post_search", column("post_id"), column("words"))
    asked = " & ".join(f"'{word}':*" for word in words)
    return select(index.c.post_id).where(index.c.words.op("@@")(func.to_tsquery("simple", asked)))
