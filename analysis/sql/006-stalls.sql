-- Every barrier's stall with how many barriers had it; barriers that no step held back have 0.
CREATE VIEW stalls AS
SELECT run_id, arrayJoin(stalls_ns) AS stall_ns, toUInt64(1) AS barriers
FROM samples
UNION ALL
SELECT run_id, toInt64(0) AS stall_ns, free_barriers AS barriers
FROM runs FINAL
WHERE free_barriers > 0
