#!/bin/sh
# Runs once, when the database is first set up: the role that Mothership connects as. It owns its database, is no
# superuser, and so can neither read files of the server nor start programs there.
set -eu
psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set password="$MOTHERSHIP_DB_PASSWORD" --set database="$POSTGRES_DB" <<'SQL'
CREATE ROLE mothership LOGIN PASSWORD :'password';
ALTER DATABASE :"database" OWNER TO mothership;
SQL
