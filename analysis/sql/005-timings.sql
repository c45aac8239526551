-- The shared arithmetic of a sample: lateness, service and response (design 6).
CREATE VIEW timings AS
SELECT
    run_id,
    stream,
    due_ns,
    calls,
    entries,
    entries_done,
    errno,
    issued_ns - due_ns AS lateness_ns,
    completed_ns - issued_ns AS service_ns,
    completed_ns - due_ns AS response_ns
FROM samples
