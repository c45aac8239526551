-- One row per loaded recording. `header` is the recording's header as JSON.
CREATE TABLE traces
(
    trace_digest String,
    name         String,
    events       UInt64,
    lost         UInt64,
    header       String,
    loaded_at    DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY trace_digest
