"""All settings of the panel, read from the environment and from `.env` beside manage.py.

`.env.example` lists every variable with its meaning; nothing here needs to be edited to run the panel.
"""

import os
import re
import shlex
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
env.read_env(os.environ.get("ENV_FILE", BASE_DIR / ".env"))

# --- Where and how it runs -------------------------------------------------------------------------------------------
DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="only-for-debugging-on-this-machine") if DEBUG else env.str("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
HTTPS = env.bool("HTTPS", default=not DEBUG)
BEHIND_PROXY = env.bool("BEHIND_PROXY", default=False)

# --- What the panel does ---------------------------------------------------------------------------------------------
MAX_ACCOUNTS_PER_FILE = env.int("MAX_ACCOUNTS_PER_FILE", default=500)
MAX_UPLOAD_MB = env.int("MAX_UPLOAD_MB", default=5)
# Of one login: lists that are neither created nor discarded.
MAX_UNFINISHED_LISTS = env.int("MAX_UNFINISHED_LISTS", default=20)
MAX_UNFINISHED_MB = env.int("MAX_UNFINISHED_MB", default=50)
SECRETS_KEPT = timedelta(hours=max(1, env.int("SECRETS_KEPT_HOURS", default=24)))
HANDOUT_VALID = timedelta(days=7)  # of a one-time link
PASSWORD_MIN_LENGTH = env.int("PASSWORD_MIN_LENGTH", default=6)
# OWASP's minimum for argon2id. A generated password needs no slow hash (docs/passwords.md has the arithmetic).
ARGON2_MEMORY_KIB = env.int("ARGON2_MEMORY_KIB", default=19456)
ARGON2_TIME_COST = env.int("ARGON2_TIME_COST", default=2)
FULL_HASH_COST_FOR_GENERATED = env.bool("FULL_HASH_COST_FOR_GENERATED", default=False)
MAILBOX_OWNER_PAGE = env.bool("MAILBOX_OWNER_PAGE", default=True)
MAILBOX_OWNER_FORWARD = env.bool("MAILBOX_OWNER_FORWARD", default=True)

# --- Django ----------------------------------------------------------------------------------------------------------
ROOT_URLCONF = "mailpanel.urls"
WSGI_APPLICATION = "mailpanel.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_htmx",
    "accounts",
    "accounts.handout",
    "bulkimport",
    "django_include_bootstrap",  # only for its static files; it has a base.html too, ours is panel.html
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "mailpanel.middleware.only_utf8",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "mailpanel.keeping.KeepingLoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# --- Database --------------------------------------------------------------------------------------------------------
DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'data' / 'mailpanel.sqlite3'}")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # WAL: the mail server can read while the panel writes. IMMEDIATE: a second writer waits instead of failing. FULL:
    # what is committed is on the disk. With less, a power cut may take back accounts whose passwords were shown.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    Path(DATABASES["default"]["NAME"]).parent.mkdir(mode=0o750, parents=True, exist_ok=True)
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# The PostgreSQL role that the mail server reads its views with.
MAILSERVER_ROLE = env.str("MAILSERVER_ROLE", default="mailserver")
MAILSERVER_PASSWORD = env.str("MAILSERVER_PASSWORD", default="")

# --- The mail server -------------------------------------------------------------------------------------------------
MAIL_HOSTNAME = env.str("MAIL_HOSTNAME", default="")
MAIL_POSTMASTER = env.str("MAIL_POSTMASTER", default="")
MAIL_CLIENT_HOSTNAME = env.str("MAIL_CLIENT_HOSTNAME", default="")
MAIL_TLS_CERT = env.str("MAIL_TLS_CERT", default=f"/etc/letsencrypt/live/{MAIL_HOSTNAME}/fullchain.pem")
MAIL_TLS_KEY = env.str("MAIL_TLS_KEY", default=f"/etc/letsencrypt/live/{MAIL_HOSTNAME}/privkey.pem")
MAIL_STORE = env.str("MAIL_STORE", default="/var/vmail")
MAIL_USER = env.str("MAIL_USER", default="vmail")
# How many recipients a mailbox may send to, where it has no limits of its own. 0: no limit.
MAIL_RECIPIENTS_PER_HOUR = env.int("MAIL_RECIPIENTS_PER_HOUR", default=500)
MAIL_RECIPIENTS_PER_DAY = env.int("MAIL_RECIPIENTS_PER_DAY", default=5000)
if MAIL_RECIPIENTS_PER_HOUR < 0 or MAIL_RECIPIENTS_PER_DAY < 0:
    raise ImproperlyConfigured(
        "MAIL_RECIPIENTS_PER_HOUR and MAIL_RECIPIENTS_PER_DAY cannot be negative; 0 is no limit."
    )
# The commands that end sessions and reload Postfix, where the mail server is on this machine. Empty: the pages say
# which commands somebody has to run.
DOVEADM = shlex.split(env.str("DOVEADM", default=""))
POSTFIX = shlex.split(env.str("POSTFIX", default=""))
WELCOME_LMTP = env.str("WELCOME_LMTP", default="")
if WELCOME_LMTP and not (MAIL_HOSTNAME and re.fullmatch(r"[^\s:]+:[0-9]{1,5}", WELCOME_LMTP)):
    raise ImproperlyConfigured("WELCOME_LMTP must be host:port, such as 127.0.0.1:2424, and needs MAIL_HOSTNAME.")

# --- Signing in ------------------------------------------------------------------------------------------------------
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "login"
SESSION_COOKIE_AGE = int(timedelta(hours=12).total_seconds())
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_LOCKOUT_CALLABLE = "mailpanel.keeping.locked_out"
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False  # no banner in the output of commands
AXES_CLIENT_IP_CALLABLE = "mailpanel.signin.client_ip"
AXES_USERNAME_CALLABLE = "mailpanel.signin.username"
# What axes must not log of a failed sign-in, beside the password. `kept` is a form, which may hold passwords too.
AXES_SENSITIVE_PARAMETERS = ["username", "ip_address", "kept", "new_password", "repeated_password"]

# --- Safety ----------------------------------------------------------------------------------------------------------
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "mailpanel.keeping.csrf_failure"
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "object-src": ["'none'"],
    },
}
# An upload holds clear passwords: it stays in memory and is never written to a temporary file. A larger one is read and
# dropped, and the form says so.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]
FILE_UPLOAD_MAX_MEMORY_SIZE = (MAX_UPLOAD_MB + 1) * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE
DATA_UPLOAD_MAX_NUMBER_FIELDS = (
    MAX_ACCOUNTS_PER_FILE * 11 + 100
)  # each cell of a list may be sent, with what its page showed
DEFAULT_EXCEPTION_REPORTER_FILTER = "mailpanel.errors.HideValues"

# --- Languages, time, static files, log -----------------------------------------------------------------------------
LANGUAGE_CODE = env.str("LANGUAGE_CODE", default="en")
LANGUAGES = [("pl", _("Polish")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = env.str("TIME_ZONE", default="Europe/Warsaw")
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
