-- What administrators do over HTTP: they list accounts by name, and may not take away the last of their own.
CREATE INDEX account_by_role ON account (role, name_key);
CREATE INDEX account_by_agency ON account (agency, name_key) WHERE agency IS NOT NULL;
CREATE INDEX account_disabled ON account (name_key) WHERE disabled;

-- is_last_admin -- whether nobody but p_user is an administrator who may log in. All who are stay locked until the
-- end of the transaction, in the order of their ids, so that two of them cannot take away each other at once.
CREATE FUNCTION is_last_admin(p_user uuid) RETURNS boolean
LANGUAGE plpgsql VOLATILE
AS $$
BEGIN
    RETURN coalesce((SELECT array_agg(a.user_id) = ARRAY[p_user]
                       FROM (SELECT t.user_id FROM account t WHERE t.role = 'ADMIN' AND NOT t.disabled
                              ORDER BY t.user_id FOR NO KEY UPDATE) a), false);
END;
$$;
