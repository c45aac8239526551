-- CPU time of the issuing threads of a run, user and system, and system alone; NULL where it was not counted.
ALTER TABLE runs
    ADD COLUMN cpu_ns Nullable(Float64),
    ADD COLUMN cpu_system_ns Nullable(Float64)
