"""The panel's own settings with what a test run needs: no .env, plain static files, cheap hashes, a file database."""

import os

os.environ.setdefault("SECRET_KEY", "tests")
os.environ["DEBUG"] = "false"
os.environ["ENV_FILE"] = os.devnull

from mailpanel.settings import *  # noqa: F403
from mailpanel.settings import BASE_DIR, DATABASES, STORAGES

HTTPS = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SECURE_HSTS_SECONDS = 0
ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # logins only; mailboxes keep argon2id
ARGON2_MEMORY_KIB = 64
ARGON2_TIME_COST = 1
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # Threads and a second process see a file; an in-memory database would be each connection's own.
    DATABASES["default"]["TEST"] = {"NAME": str(BASE_DIR / "data" / "test.sqlite3")}
