// What `compare` and `demo` do without flags.

/** One call per request (the baseline), one per doorbell, and two ways of holding barriers back. */
export const DEFAULT_STRATEGIES: readonly string[] = ['none', 'doorbell', 'window:us=50', 'drain'];
export const DEFAULT_REPEATS = '6';
/** With `--precision` and no number of rounds. */
export const DEFAULT_MAX_TIME = '10min';
export const DEMO_REPLAYS = 24;
