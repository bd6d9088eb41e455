-- A new life of the log ends every session and every token of the lives before it: what the backup does not
-- know of them (a log-out, an account disabled since) cannot be asked any more. `raised` is the first whole
-- second in which nothing of an older life was issued: tokens count in seconds.
ALTER TABLE es_store ADD COLUMN raised timestamptz NOT NULL DEFAULT 'epoch';

CREATE FUNCTION es_store_raised() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
    NEW.raised := date_trunc('second', clock_timestamp()) + interval '1 second';
    RETURN NEW;
END;
$$;
-- Whoever raises the epoch: it cannot be forgotten.
CREATE TRIGGER es_store_raised BEFORE UPDATE ON es_store
   FOR EACH ROW WHEN (NEW.epoch <> OLD.epoch) EXECUTE FUNCTION es_store_raised();
