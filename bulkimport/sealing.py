"""Encryption of what must not lie in the database in the clear: uploaded files, corrections, generated passwords."""

import base64
import json
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealBroken(Exception):
    """The sealed data was made with a SECRET_KEY that is neither the present one nor among its fallbacks."""


def seal(data: bytes) -> bytes:
    """Return `data` encrypted with a key that is derived from SECRET_KEY."""
    return _cipher().encrypt(data)


def unseal(sealed: bytes | memoryview) -> bytes:
    """Return what was sealed, with the present key or one of SECRET_KEY_FALLBACKS. Raises SealBroken."""
    try:
        return _cipher().decrypt(bytes(sealed))
    except InvalidToken:
        raise SealBroken from None


def seal_json(value: object) -> bytes:
    """Seal a value that JSON can hold."""
    return seal(json.dumps(value, ensure_ascii=False).encode())


def unseal_json(sealed: bytes | memoryview) -> Any:
    """Return the value that `seal_json` was given. Raises SealBroken."""
    return json.loads(unseal(sealed))


def _cipher() -> MultiFernet:
    return _cipher_of((settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@cache
def _cipher_of(secret_keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive(key)) for key in secret_keys])


def _derive(secret_key: str) -> bytes:
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"mailpanel.bulkimport.sealing")
    return base64.urlsafe_b64encode(hkdf.derive(secret_key.encode()))
