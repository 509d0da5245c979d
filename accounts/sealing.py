"""Encryption of what must not be stored in clear text: uploaded files, corrections, generated passwords.

`link_key` is the key of a one-time link, which is not stored. Data that was sealed with it can only be opened with both
the link and the server's SECRET_KEY. The seed that the keys of a batch's links are computed from is sealed together
with the passwords of the batch, and erased with them.
"""

import base64
import json
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealBroken(Exception):
    """The sealed data was made with a SECRET_KEY that is neither the present one nor among its fallbacks."""


def seal(data: bytes, *, link_key: str = "") -> bytes:
    """Return `data` encrypted with a key that is derived from SECRET_KEY, and from `link_key` where there is one."""
    return _cipher(link_key).encrypt(data)


def unseal(sealed: bytes | memoryview, *, link_key: str = "") -> bytes:
    """Return what was sealed, with the present key or one of SECRET_KEY_FALLBACKS. Raises SealBroken."""
    try:
        return _cipher(link_key).decrypt(bytes(sealed))
    except InvalidToken:
        raise SealBroken from None


def seal_json(value: object) -> bytes:
    """Seal a value that JSON can hold."""
    return seal(json.dumps(value, ensure_ascii=False).encode())


def unseal_json(sealed: bytes | memoryview) -> Any:
    """Return the value that `seal_json` was given. Raises SealBroken."""
    return json.loads(unseal(sealed))


def _cipher(link_key: str) -> MultiFernet:
    secret_keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([Fernet(_derive(secret_key, link_key)) for secret_key in secret_keys])


def _derive(secret_key: str, link_key: str) -> bytes:
    salt = link_key.encode() or None
    # The name of an earlier module, which must stay: with another label, sealed data could not be opened any more.
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=salt, info=b"mailpanel.bulkimport.sealing")
    return base64.urlsafe_b64encode(hkdf.derive(secret_key.encode()))
