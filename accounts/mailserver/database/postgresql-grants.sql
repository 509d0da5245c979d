-- The role that the mail server reads the panel's views with, and nothing else. Run it as a superuser in the panel's
-- database, as often as you like: psql -v ON_ERROR_STOP=1 -1 -d {{ database }} -f postgresql-grants.sql
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{{ role }}') THEN
        CREATE ROLE "{{ role }}";
    END IF;
END
$$;
ALTER ROLE "{{ role }}" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 50;
{% if password %}ALTER ROLE "{{ role }}" PASSWORD '{{ password }}';
{% endif %}ALTER ROLE "{{ role }}" SET statement_timeout = '5s';
ALTER ROLE "{{ role }}" SET default_transaction_read_only = on;
{% if panel_role %}-- The panel keeps what everybody loses.
GRANT CREATE, USAGE ON SCHEMA public TO "{{ panel_role }}";
GRANT TEMPORARY ON DATABASE "{{ database }}" TO "{{ panel_role }}";
{% endif %}REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE "{{ database }}" FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{{ role }}";
GRANT CONNECT ON DATABASE "{{ database }}" TO "{{ role }}";
GRANT USAGE ON SCHEMA public TO "{{ role }}";
GRANT SELECT ON {{ views }} TO "{{ role }}";
