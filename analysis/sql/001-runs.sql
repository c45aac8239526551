-- One row per replay. `header` is the result file's header as JSON: everything that has no column.
CREATE TABLE runs
(
    run_id          String,
    comparison_id   String,
    repeat          UInt32,
    strategy        String,
    dialect         LowCardinality(String),
    issuer          LowCardinality(String),
    provenance      LowCardinality(String),
    pacing          LowCardinality(String),
    verdict         LowCardinality(String),
    trace_digest    String,
    trace_name      String,
    plan_digest     String,
    started_at      DateTime64(3, 'UTC'),
    free_barriers   UInt64,
    entries         UInt64,
    requested_pages Float64,
    issued_pages    Float64,
    hardware_waits  UInt64,
    header          String,
    loaded_at       DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(loaded_at)
ORDER BY run_id
