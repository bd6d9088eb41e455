-- The lane in which a view stands when it has caught up. Each home is kept by an engine of its own, so the views of
-- one do not wait for those of another.
ALTER TABLE engine.view ADD COLUMN home text NOT NULL DEFAULT 'main';
