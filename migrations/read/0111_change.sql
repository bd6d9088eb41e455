-- When each view has changed: query-api keeps an answer until one of the views it was read from has a later mark.
-- Beside views of the log there may be tables that others keep, under a name that no view has, their schema's.
CREATE TABLE engine.change (
    view text PRIMARY KEY, -- as it serves
    mark bigint NOT NULL   -- of the last transaction that changed its rows, or what waits parked of it: its time in
                           -- microseconds, or one more than the mark before; it never falls
) WITH (fillfactor = 20);
INSERT INTO engine.change (view, mark)
SELECT name, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint FROM engine.view WHERE name = file;

-- To be called within the transaction that changes the rows, whoever does. The engine moves the marks of the views
-- that a batch gives events to by itself. Returns the mark.
CREATE FUNCTION engine.changed(name text) RETURNS bigint LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO engine.change AS c (view, mark) VALUES (name, (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)
        ON CONFLICT (view) DO UPDATE SET mark = greatest(c.mark + 1, excluded.mark)
    RETURNING mark;
END;

-- The same without a call: a trigger of each table that queries read, FOR EACH STATEMENT.
CREATE FUNCTION engine.tell_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM engine.changed(TG_TABLE_SCHEMA);
    RETURN NULL;
END;
$$;
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON positions.unit_position
    FOR EACH STATEMENT EXECUTE FUNCTION engine.tell_change();
CREATE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON positions.track
    FOR EACH STATEMENT EXECUTE FUNCTION engine.tell_change();
CREATE TRIGGER tell_change AFTER UPDATE ON positions.rules
    FOR EACH STATEMENT EXECUTE FUNCTION engine.tell_change();
SELECT engine.changed('positions');
