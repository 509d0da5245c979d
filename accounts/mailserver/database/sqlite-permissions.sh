#!/bin/sh
# Lets Postfix and Dovecot read the panel's SQLite database. Run it as root: sh sqlite-permissions.sh
# They write nothing, yet SQLite's log beside the file (WAL) has to be writable. Postfix has only its own group, so the
# file gets that group, and the panel's account joins it.
set -eu
database='{{ database }}'
folder='{{ database_folder }}'
owner=$(stat -c %U "$database")
[ "$owner" = root ] || usermod -aG postfix "$owner"
chgrp postfix "$folder"
chmod 2770 "$folder"
for file in "$database" "$database-wal" "$database-shm"; do
    [ ! -e "$file" ] || { chgrp postfix "$file"; chmod 0660 "$file"; }
done
