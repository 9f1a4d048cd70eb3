#!/bin/sh
# Runs at each `docker compose up`: a role for Grafana that may read the events, and nothing else (other tables hold
# keys). It has the password that is set now, also where the database is older than the password. Mothership may make the
# table later, so an event trigger grants what is not there yet.
set -eu
if [ -z "${GRAFANA_DB_PASSWORD:-}" ]; then
    echo "GRAFANA_DB_PASSWORD is not set: no role for Grafana"
else
    psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
        --set password="$GRAFANA_DB_PASSWORD" <<'SQL'
SELECT 'CREATE ROLE grafana LOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'grafana') \gexec
ALTER ROLE grafana LOGIN PASSWORD :'password';
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '30s';

CREATE OR REPLACE FUNCTION let_grafana_read_events() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands()
        WHERE command_tag = 'CREATE TABLE' AND object_identity = 'public.events'
    ) THEN
        GRANT SELECT ON public.events TO grafana;
    END IF;
END
$$;

SELECT 'CREATE EVENT TRIGGER let_grafana_read_events ON ddl_command_end WHEN TAG IN (''CREATE TABLE'') '
    'EXECUTE FUNCTION let_grafana_read_events()'
WHERE NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = 'let_grafana_read_events') \gexec
SELECT 'GRANT SELECT ON public.events TO grafana' WHERE to_regclass('public.events') IS NOT NULL \gexec
SQL
fi
