#!/bin/sh
# Runs once, when the database is first set up: a role for Grafana that may read the events, and nothing else (other
# tables hold keys). Mothership makes the table later, so the grant waits for it.
set -eu
if [ -z "${GRAFANA_DB_PASSWORD:-}" ]; then
    echo "GRAFANA_DB_PASSWORD is not set: no role for Grafana"
else
    psql --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
        --set password="$GRAFANA_DB_PASSWORD" <<'SQL'
CREATE ROLE grafana LOGIN PASSWORD :'password';
ALTER ROLE grafana SET default_transaction_read_only = on;
ALTER ROLE grafana SET statement_timeout = '30s';

CREATE FUNCTION let_grafana_read_events() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM pg_event_trigger_ddl_commands()
        WHERE command_tag = 'CREATE TABLE' AND object_identity = 'public.events'
    ) THEN
        GRANT SELECT ON public.events TO grafana;
    END IF;
END
$$;

CREATE EVENT TRIGGER let_grafana_read_events ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION let_grafana_read_events();
SQL
fi
