"""The one digest of the panel, in Python and in SQL: SHA-256 in hexadecimal digits.

It tells whether something is still the same, and finds a random key without storing it. It is not for passwords: a
digest that is quick to compute lets whoever reads it try passwords.
"""

import hashlib
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.functions import SHA256
from django.db.models.sql.compiler import SQLCompiler


def digest(content: str | bytes) -> str:
    """Return the SHA-256 of a text, in UTF-8, or of bytes: 64 hexadecimal digits."""
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


class Digest(SHA256):
    """`digest` in SQL.

    On PostgreSQL, Django's SHA256 needs the extension pgcrypto; PostgreSQL's own function, used here, does not.
    """

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra_context: Any
    ) -> tuple[str, Any]:
        template = "ENCODE(SHA256(CONVERT_TO(%(expressions)s, 'UTF8')), 'hex')"
        return self.as_sql(compiler, connection, template=template, **extra_context)
