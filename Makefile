# make run: the panel on http://127.0.0.1:8000, ready to try out.   make test: every check and test.
# Both install what they need into .venv. `make help` lists the rest.

PORT ?= 8000
PYTHON := .venv/bin/python
INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
# Extras stay in the lock: pip does not find the pin and the hashes of `coverage[toml]` under `coverage`.
LOCK := .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras

# The first of these that is new enough and can make a virtual environment.
PYTHONS := python3.14 python3.13 python3.12 python3.11 python3
FIND_PYTHON := for name in $(PYTHONS); do \
	$$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$name && break; done

.PHONY: help run test lock messages screenshots benchmark

help:
	@echo 'make run        set up and serve on http://127.0.0.1:8000 (another port: make run PORT=8001)'
	@echo 'make test       every check and test (some of them: make test GROUPS="lint sqlite postgres browser mailserver debian13")'
	@echo 'make lock       renew the locks of the requirements (newest versions: make lock UPGRADE=--upgrade)'
	@echo 'make messages   bring the messages of the code into locale/pl/LC_MESSAGES/django.po (needs gettext)'
	@echo 'make screenshots  draw the pictures of docs/tour.md (needs Chromium)'
	@echo 'make benchmark  measure the panel'

# DEBUG is on here, unless the environment or .env says otherwise.
ifeq (,$(shell grep -sE '^[[:space:]]*(export[[:space:]]+)?DEBUG[[:space:]]*=' .env))
run: export DEBUG := $(or $(DEBUG),true)
endif
# The same for a name of the demonstration's mail server, so that sheets and settings have something to show.
ifeq (,$(MAIL_HOSTNAME)$(shell grep -sE '^[[:space:]]*(export[[:space:]]+)?MAIL_(CLIENT_)?HOSTNAME[[:space:]]*=' .env))
run: export MAIL_CLIENT_HOSTNAME := $(or $(MAIL_CLIENT_HOSTNAME),poczta.przyklad.iq.pl)
endif
run: .venv/runtime.stamp
	@$(PYTHON) -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null || \
		{ echo 'Port $(PORT) cannot be used. Choose another one: make run PORT=8001'; exit 1; }
	@$(PYTHON) manage.py migrate --verbosity 0
	@$(PYTHON) manage.py compile_translations
	@if $(PYTHON) manage.py shell --verbosity 0 -c 'from django.conf import settings; exit(not settings.DEBUG)'; then \
		$(PYTHON) manage.py add_demo_data; \
	else \
		$(PYTHON) manage.py collectstatic --no-input --verbosity 0; \
	fi
	@echo
	@echo 'The panel: http://127.0.0.1:$(PORT)/ (stop it with Ctrl-C)'
	@echo
	@$(PYTHON) manage.py runserver 127.0.0.1:$(PORT)

test: .venv/development.stamp
	@$(PYTHON) tests/run.py $(GROUPS)

lock: .venv/development.stamp
	$(LOCK) $(UPGRADE) requirements.in -o requirements.txt
	$(LOCK) $(UPGRADE) -c requirements.txt requirements-dev.in -o requirements-dev.txt

messages: export DEBUG := true
messages: .venv/runtime.stamp
	$(PYTHON) manage.py makemessages -l pl -e html,py --add-location=file --no-obsolete -i tests -i benchmarks
	$(PYTHON) manage.py compile_translations

screenshots: .venv/development.stamp
	@rm -f docs/screenshots/*.png && mkdir -p docs/screenshots
	$(PYTHON) -m pytest --quiet -p no:cacheprovider tests/screenshots.py

benchmark: .venv/runtime.stamp
	@for program in benchmarks/*.py; do echo "$$program"; $(PYTHON) "$$program" || exit 1; done

# A stamp is as old as the last installation of its lock.
.venv/runtime.stamp: requirements.txt | $(PYTHON)
	@echo 'Installing the requirements into .venv.'
	@$(INSTALL) -r $<
	@touch $@

.venv/development.stamp: requirements-dev.txt | $(PYTHON)
	@echo 'Installing the development requirements into .venv.'
	@$(INSTALL) -r $<
	@touch $@

$(PYTHON):
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then \
		echo 'Mailpanel needs Python 3.11 or newer with its venv module (Debian and Ubuntu: apt-get install python3-venv).' >&2; \
		exit 1; \
	fi; \
	"$$python" -m venv --clear .venv
