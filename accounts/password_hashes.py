"""Passwords that are none: what another mail server or program has stored in the place of one."""

import re
from typing import Final

# The schemes of Dovecot and LDAP (RFC 2307), which stand in braces before what was stored, perhaps with an encoding.
_SCHEMES: Final = (
    r"PLAIN|CLEAR|CLEARTEXT|PLAIN-TRUNC|PLAIN-MD[45]|LDAP-MD5|S?MD[45]|(?:CRAM|DIGEST|HMAC)-MD5|(?:DES|MD5|BLF|SHA256|"
    r"SHA512)-CRYPT|(?:B|S)?CRYPT|S?SHA-?(?:1|224|256|384|512)?|ARGON2(?:I|D|ID)?|PBKDF2(?:[_-]SHA-?(?:1|256|512))?|"
    r"SCRAM-SHA-(?:1|256|512)|OTP|SKEY|RPA|LANMAN|LM|NTLM|NT|UNIX|SASL|KERBEROS"
)
_SCHEME: Final = re.compile(rf"\{{(?:{_SCHEMES})(?:\.(?:HEX|B64|BASE64))?\}}.+", re.ASCII | re.IGNORECASE | re.DOTALL)
# crypt(5) and its relatives: the name of the method, its cost or salt, and a hash. phpass and Drupal set no sign
# between the two. An account that is locked has a ! before it.
_CRYPT: Final = re.compile(
    r"!{0,2}\$(?:1|2[abxy]?|[56]|g?y|apr1|md5|sha1|wp|argon2(?:i|d|id)|scrypt|bcrypt(?:-sha256)?|pbkdf2(?:-sha\d+)?)"
    r"\$[\w./+,=$-]*\$[\w./+,=-]{10,}[\w./+,=$-]*|\$(?:7|P|H|S)\$[\w./$]{26,}"
    r"|\$2[abxy]?\$[0-9]{2}\$[./\w]{20,}",
    re.ASCII,
)
# Django's, whose methods have long names.
_DJANGO: Final = re.compile(r"(?:pbkdf2_sha(?:1|256)|bcrypt(?:_sha256)?|scrypt|argon2)\$[\w./+,=$-]{20,}", re.ASCII)


def is_password_hash(text: str) -> bool:
    """Tell whether a text has the structure of a hash, not only its beginning: "$tolica5" is a password."""
    return any(pattern.fullmatch(text) for pattern in (_SCHEME, _CRYPT, _DJANGO))
