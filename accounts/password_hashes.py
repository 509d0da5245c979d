"""Recognises hashes in the place of passwords: what another mail server or program has stored.

A text that begins with a scheme in braces, or with a method of crypt(5), is a hash, whatever follows: it may be cut
off. Other hashes are recognised by their whole structure: "$tolica5", "{nawias}6" and "sha1$moje$haslo1" are passwords.
A hash of DES crypt has 13 letters and digits, and cannot be told from a password.
"""

import re
from typing import Final

# A hash in hexadecimal digits: MD4 and MD5, SHA-1, SHA-224, -256, -384 and -512.
_HEX: Final = r"(?:[0-9a-f]{128}|[0-9a-f]{96}|[0-9a-f]{64}|[0-9a-f]{56}|[0-9a-f]{40}|[0-9a-f]{32})"
# With at least one digit and one letter; the name of a method may precede it, and a salt may follow.
_BARE_HEX: Final = re.compile(
    rf"(?:[a-z][a-z0-9-]{{1,19}}[:=])?(?=[0-9]*[a-f])(?=[a-f]*[0-9]){_HEX}(?::[!-~]{{1,64}})?", re.ASCII | re.IGNORECASE
)
# The schemes of Dovecot, LDAP (RFC 2307), Spring, Atlassian and SAP, which stand in braces before the stored text,
# perhaps with an encoding. After some of them, such as PLAIN, the password itself is stored.
_SCHEMES: Final = (
    r"LDAP-MD5|PLAIN-MD[45]|S?MD[45]|(?:CRAM|DIGEST|HMAC)-MD5|(?:MD5|BLF|DES|SHA256|SHA512)-CRYPT|(?:B|S|DES)?CRYPT|"
    r"S?SHA-?(?:1|224|256|384|512)?|ARGON2(?:I|D|ID)?|PBKDF2(?:[_-]SHA-?(?:1|256|512))?|PKCS5S2|"
    r"SCRAM-SHA-(?:1|256|512)|RPA|LANMAN|LM|NTLM|NTHASH|NT|UNIX|LDAP|IS-?S?SHA-?\d*, ?\d+|DES|OTP|"
    r"SKEY|SASL|KERBEROS|PLAIN|CLEAR|CLEARTEXT|PLAIN-TRUNC|NOOP"
)
_SCHEME: Final = re.compile(
    rf"\{{(?:X-)?(?:{_SCHEMES})(?:\.(?:HEX|B64|BASE64)|@[\w.]+)?\}}.+", re.ASCII | re.IGNORECASE | re.DOTALL
)
# The methods of crypt(5) that mail servers use; their name may precede them, as in bcrypt:$2y$.
_CRYPT: Final = re.compile(
    r"(?:[\w-]{2,20}:)?\$(?:1|2[abxy]?|5|6|7|g?y|apr1|argon2(?:i|d|id))\$.+", re.ASCII | re.DOTALL
)
# Formats like crypt's: the name of the method, its cost or salt, and a hash. phpass and Drupal do not separate the two.
_LIKE_CRYPT: Final = re.compile(
    r"\$(?:[389]|NT|md5(?:,rounds=\d+)?|sm3|sha1|wp|scrypt|bcrypt(?:-sha256)?|pbkdf2(?:-sha\d+)?)"
    r"\$[\w./+,=$-]{20,}|U?\$[PHS]\$[\w./$]{26,}",
    re.ASCII,
)
# MySQL, SQL Server and PostgreSQL.
_DATABASE: Final = re.compile(
    r"\*[0-9A-F]{40}|\$A\$005\$.{20,}|0x[0-9A-F]{32,}|md5[0-9a-f]{32}|SCRAM-SHA-256\$\d+:.{20,}",
    re.ASCII | re.IGNORECASE | re.DOTALL,
)
# Django and Werkzeug, whose methods have long names, and argon2 without its first sign.
_FRAMEWORK: Final = re.compile(
    r"(?:pbkdf2_sha(?:1|256|512)|bcrypt(?:_sha256)?|scrypt|argon2(?:i|d|id)?)\$[\w./+,=$-]{20,}"
    rf"|(?:(?:pbkdf2|scrypt)(?::\w+)+|md5|sha(?:1|224|256|384|512))\$[^$]*\$(?i:{_HEX})",
    re.ASCII,
)
_PATTERNS: Final = (_BARE_HEX, _SCHEME, _CRYPT, _LIKE_CRYPT, _DATABASE, _FRAMEWORK)
# The mark of a locked account, and quotation marks.
_BEFORE: Final = re.compile(r"\*LK\*(?=\$)|[!*]{1,2}(?=\$)|['\"`]")


def is_password_hash(text: str) -> bool:
    """Tell whether a text is a hash, or begins as only hashes do."""
    text = text.replace("\\$", "$")
    stored = _BEFORE.sub("", text, count=1) if _BEFORE.match(text) else text
    return any(pattern.fullmatch(stored) for pattern in _PATTERNS)
