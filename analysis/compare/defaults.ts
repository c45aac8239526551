// What `compare` and `demo` do where they are not told otherwise.

/** The first is the baseline. */
export const DEFAULT_STRATEGIES: readonly string[] = [
  'none',
  'barrier',
  'adjacent',
  'window:us=50',
  'drain',
];
export const DEFAULT_REPEATS = '6';
/** With `--precision` and no number of rounds. */
export const DEFAULT_MAX_TIME = '10min';

/** What `demo` compares: one call per request, one per doorbell, and two ways of holding barriers back. */
export const DEMO_STRATEGIES: readonly string[] = ['none', 'doorbell', 'window:us=50', 'drain'];
export const DEMO_REPLAYS = 24;
