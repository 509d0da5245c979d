-- Two roles: the mail server reads the panel's views with the one, and Dovecot writes with the other what each mailbox
-- holds. They may do nothing else in this database. Run it as a superuser in the panel's database, as often as you like:
-- psql -v ON_ERROR_STOP=1 -1 -d {{ database }} -f postgresql-grants.sql
{% for name in roles %}DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{{ name }}') THEN
        CREATE ROLE "{{ name }}";
    END IF;
END
$$;
ALTER ROLE "{{ name }}" WITH LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION CONNECTION LIMIT 100;
{% if password %}ALTER ROLE "{{ name }}" PASSWORD '{{ password }}';
{% endif %}ALTER ROLE "{{ name }}" SET statement_timeout = '5s';
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM "{{ name }}";
GRANT CONNECT ON DATABASE "{{ database }}" TO "{{ name }}";
GRANT USAGE ON SCHEMA public TO "{{ name }}";
{% endfor %}ALTER ROLE "{{ role }}" SET default_transaction_read_only = on;
{% if panel_role %}-- The panel keeps what everybody loses.
GRANT CREATE, USAGE ON SCHEMA public TO "{{ panel_role }}";
GRANT TEMPORARY ON DATABASE "{{ database }}" TO "{{ panel_role }}";
{% endif %}REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE "{{ database }}" FROM PUBLIC;
-- What everybody may do in PostgreSQL, and the mail server need not: store large objects, and take locks that the panel
-- takes too. A role can always lift its own time-out; nothing revokes that.
DO $$
DECLARE
    routine regprocedure;
BEGIN
    FOR routine IN
        SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace
        AND proname ~ '^(lo_creat|lo_create|lo_from_bytea|lo_open|lo_put|lowrite|pg_(try_)?advisory_(xact_)?lock(_shared)?)$'
    LOOP
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', routine);
{% if panel_role %}        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', routine, '{{ panel_role }}');
{% endif %}    END LOOP;
END
$$;
GRANT SELECT ON {{ views }} TO "{{ role }}";
-- The address is read to find the row that is there already.
GRANT INSERT, UPDATE, SELECT (address) ON mail_usage TO "{{ usage_role }}";
