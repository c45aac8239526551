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
