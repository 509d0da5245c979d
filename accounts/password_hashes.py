"""Passwords that are none: what another mail server or program has stored in the place of one.

A hash is told by its whole structure: "$tolica5", "{nt}abc1" and "$6$dni$wtygodniu7" are passwords. One of DES crypt,
13 letters and digits without a sign, cannot be told from a password.
"""

import re
from typing import Final

# A hash in hexadecimal digits: MD4 and MD5, SHA-1, SHA-224, -256, -384 and -512. Perhaps a salt stands behind it.
_HEX: Final = r"(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32})"
_BARE_HEX: Final = re.compile(rf"(?=.*[a-f])(?=[a-f]*[0-9]){_HEX}(?::[!-~]{{1,64}})?", re.ASCII | re.IGNORECASE)
# The schemes of Dovecot, LDAP (RFC 2307), Spring, Atlassian and SAP, which stand in braces before what was stored,
# perhaps with an encoding. Behind some the password itself stands; the others have at least 13 (DES) or 16 characters.
_SCHEMES: Final = (
    r"LDAP-MD5|PLAIN-MD[45]|S?MD[45]|(?:CRAM|DIGEST|HMAC)-MD5|(?:MD5|BLF|SHA256|SHA512)-CRYPT|(?:B|S)CRYPT|"
    r"S?SHA-?(?:1|224|256|384|512)?|ARGON2(?:I|D|ID)?|PBKDF2(?:[_-]SHA-?(?:1|256|512))?|PKCS5S2|"
    r"SCRAM-SHA-(?:1|256|512)|RPA|LANMAN|LM|NTLM|NTHASH|NT|UNIX|LDAP|X-IS-?S?SHA-?\d*, ?\d+"
)
_SCHEME: Final = re.compile(
    rf"\{{(?:{_SCHEMES})(?:\.(?:HEX|B64|BASE64)|@[\w.]+)?\}}[\w./+=$,:@{{}}-]{{16,}}"
    r"|\{(?:DES-)?CRYPT\}[\w./+=$,-]{13,}|\{DES\}[\w./]{13,}|\{(?:OTP|SKEY)\}.{16,}|\{(?:SASL|KERBEROS)\}\S+@\S+"
    r"|\{(?:PLAIN|CLEAR|CLEARTEXT|PLAIN-TRUNC|NOOP)(?:\.(?:HEX|B64|BASE64))?\}.+",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
# crypt(5) and its relatives: the name of the method, its cost or salt, and a hash. phpass and Drupal set no sign
# between the two. An account that is locked has a sign before it.
_CRYPT: Final = re.compile(
    r"(?:\*LK\*|[!*]{0,2})(?:"
    r"\$(?:1|2[abxy]?|[35-9]|g?y|apr1|md5(?:,rounds=\d+)?|sm3|sha1|wp|scrypt|bcrypt(?:-sha256)?|pbkdf2(?:-sha\d+)?)"
    r"\$(?:[\w./+,=-]*\$)+[\w./+=-]{20,}"
    r"|\$argon2(?:i|d|id)\$(?:v=\d+\$)?m=\d+,[\w./+,=$-]+"
    r"|U?\$(?:7|P|H|S)\$[\w./$]{26,}"
    r"|\$2[abxy]?\$[0-9]{2}\$[./\w]{20,})",
    re.ASCII,
)
# MySQL, SQL Server and PostgreSQL.
_DATABASE: Final = re.compile(
    r"\*[0-9A-F]{40}|\$A\$005\$.{20,}|0x[0-9A-F]{40,}|md5[0-9a-f]{32}|SCRAM-SHA-256\$\d+:.{20,}",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
# Django and Werkzeug, whose methods have long names.
_FRAMEWORK: Final = re.compile(
    r"(?:pbkdf2_sha(?:1|256|512)|bcrypt(?:_sha256)?|scrypt|argon2)\$[\w./+,=$-]{20,}"
    rf"|(?:(?:pbkdf2|scrypt)(?::\w+)+|md5|sha(?:1|224|256|384|512))\$[^$]*\$(?i:{_HEX})",
    re.ASCII,
)


def is_password_hash(text: str) -> bool:
    """Tell whether a text has the structure of a hash, not only its beginning."""
    return any(pattern.fullmatch(text) for pattern in (_BARE_HEX, _SCHEME, _CRYPT, _DATABASE, _FRAMEWORK))
