-- name: 356_audit_checks
-- owner: operations
-- grain: one row per audit and check
-- params: none
-- purpose: The results of the monthly audits. verdict is pass, unknown (it could not be asked), warn or fail; evidence has
--          numbers and names of domains, segments and scopes, no address.
create table if not exists core.audit_checks (
    run_id varchar not null,
    checked_at timestamptz not null,
    check_name varchar not null,
    verdict varchar not null,
    evidence json not null,
    advice varchar not null
);
