// Absolute times are branded bigints, so that two clocks cannot be mixed; offsets from the start of a
// recording or run are plain numbers in ns (exact to 2^53 ns = 104 days). Converted only here.

declare const clockBrand: unique symbol;

/** An absolute time in ns on clock C. */
export type TimestampNs<C extends string = string> = bigint & { readonly [clockBrand]: C };

export const realtimeNs = (value: bigint): TimestampNs<'realtime'> =>
  value as TimestampNs<'realtime'>;

/** `2026-10-11T08:12:41.879761Z` from ns since the epoch; keeps ns only where they are not zero. */
export function isoFromRealtime(time: TimestampNs<'realtime'>): string {
  const seconds = time / 1_000_000_000n;
  const nanos = time % 1_000_000_000n;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  const digits = nanos.toString().padStart(9, '0');
  return `${whole}.${digits.endsWith('000') ? digits.slice(0, 6) : digits}Z`;
}
