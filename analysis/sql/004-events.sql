-- The rows of recordings, without their raw words. Times in ns from the recording's start.
CREATE TABLE events
(
    trace_digest String,
    seq          UInt64,
    t_ns         Int64,
    stream       UInt16,
    kind         LowCardinality(String),
    scope        UInt8,
    flags        UInt16,
    domain_id    Nullable(UInt32),
    pasid        Nullable(UInt32),
    source_id    Nullable(UInt32),
    addr         Nullable(UInt64),
    size         Nullable(UInt64),
    submission   UInt32
)
ENGINE = MergeTree
ORDER BY (trace_digest, stream, seq)
