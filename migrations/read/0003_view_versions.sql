-- Versions of a view: the one that serves is named like its file; beside it may stand the one before it,
-- `<view>_v<n>`, which is kept moving so that it can serve again, or the next one while it is filled.
ALTER TABLE engine.view
    ADD COLUMN file    text,                   -- the view's file, without `.sql`
    ADD COLUMN version int NOT NULL DEFAULT 1, -- n
    ADD COLUMN text    text;                   -- the file as it was when the tables were made: what is
                                               -- applied to them, whatever it is by now
UPDATE engine.view SET file = name;
ALTER TABLE engine.view ALTER COLUMN file SET NOT NULL;

-- A swap gives versions other names; their parked events go with them.
ALTER TABLE engine.parked
    DROP CONSTRAINT parked_view_fkey,
    ADD CONSTRAINT parked_view_fkey FOREIGN KEY (view) REFERENCES engine.view (name) ON UPDATE CASCADE;
