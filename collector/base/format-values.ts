// Values as people read them: three significant digits and a unit, in the terminal and on the page alike.
// Imports nothing, so that the page's bundle may hold it.

/** Where there is no value: not measured, or too few samples to say. */
export const NO_VALUE = '–';

/** Three significant digits, without exponent or trailing zeros: 12,300, 1.23, 0.00012. */
export function digits(value: number, count = 3): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(count));
  return rounded.toLocaleString('en-US', { maximumSignificantDigits: count });
}

/** `1234567` ns as `1.23 ms`. What would round to 1,000 of a unit is said in the next: 999.7 µs is 1 ms. */
export function formatDuration(ns: number | null | undefined): string {
  if (ns === null || ns === undefined || !Number.isFinite(ns)) return NO_VALUE;
  const size = Math.abs(ns);
  if (size < 999.5) return `${digits(ns)} ns`;
  if (size < 999.5e3) return `${digits(ns / 1e3)} µs`;
  if (size < 999.5e6) return `${digits(ns / 1e6)} ms`;
  if (size < 120e9) return `${digits(ns / 1e9)} s`;
  if (size < 7200e9) return `${digits(ns / 60e9)} min`;
  return `${digits(ns / 3600e9)} h`;
}

/** Bytes with binary units: `2.5 MiB`. Whole from 1,000 on: 1,011 KiB. */
export function formatSize(bytes: number): string {
  const of = (unit: number): string => {
    const value = bytes / unit;
    return value < 999.5 ? digits(value) : formatCount(value);
  };
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1023.5 * 1024) return `${of(1024)} KiB`;
  if (bytes < 1023.5 * 1024 ** 2) return `${of(1024 ** 2)} MiB`;
  return `${of(1024 ** 3)} GiB`;
}

/** A whole number with thousands separators: `131,779`. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString('en-US') : NO_VALUE;
}

/** A rate in events per second: `13.3 k/s`. */
export function formatRate(perSecond: number): string {
  if (!Number.isFinite(perSecond)) return NO_VALUE;
  if (perSecond < 999.5) return `${digits(perSecond)} /s`;
  if (perSecond < 999.5e3) return `${digits(perSecond / 1e3)} k/s`;
  return `${digits(perSecond / 1e6)} M/s`;
}
