#!/bin/sh
# Lets Postfix and Dovecot read the panel's SQLite database. Run it as root: sh sqlite-permissions.sh
# They write nothing, yet SQLite's log beside the file (WAL) has to be writable. Postfix has only its own group, so the
# file gets that group, and the panel's account joins it.
set -eu
database='{{ database }}'
folder='{{ database_folder }}'
# Whoever may write into the folder may replace what is in it.
if ls -A "$folder" | grep -qvxF -e "${database##*/}" -e "${database##*/}-wal" -e "${database##*/}-shm" -e "${database##*/}-journal"; then
    echo "$folder holds more than the database. Give the database a folder of its own first (DATABASE_URL)." >&2
    exit 1
fi
owner=$(stat -c %U "$database")
[ "$owner" = root ] || usermod -aG postfix "$owner"
chgrp postfix "$folder"
chmod 2770 "$folder"
for file in "$database" "$database-wal" "$database-shm"; do
    [ ! -e "$file" ] || { chgrp postfix "$file"; chmod 0660 "$file"; }
done
