-- The sweep under way, or the last one: where it began, the last record of the page before, what shows a circle of tokens
-- (src/core/read/sweep.ts).
alter table streams add column sweep jsonb;
-- The rows at the edge of what was read, by keyed digests, at most 320 KB (src/core/read/edge.ts). With the stream, since it
-- changes with each page in the same transaction; only the recording of a page reads it.
alter table streams add column edge jsonb;
