-- One row per issued group of steps: the rows of a result file. Times in ns from the run's start.
CREATE TABLE samples
(
    run_id       String,
    stream       UInt16,
    due_ns       Int64,
    issued_ns    Int64,
    completed_ns Int64,
    entries      UInt32,
    entries_done UInt32,
    errno        Int32,
    first_seq    UInt64,
    last_seq     UInt64,
    calls        UInt32,
    steps        UInt32,
    stalls_ns    Array(Int64)
)
ENGINE = MergeTree
ORDER BY (run_id, stream, due_ns)
