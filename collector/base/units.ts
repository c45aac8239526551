// Durations, sizes, factors and counts as people write and read them. The one parser
// of each: every flag and every strategy parameter goes through here. The printers are in format-values.ts.

import { ToolError } from './errors.ts';

export type Unit = 'duration' | 'size' | 'factor' | 'count' | 'rate';

const DURATION_NS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  µs: 1e3,
  ms: 1e6,
  s: 1e9,
  min: 60e9,
  h: 3600e9,
};

const SIZE_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

const NUMBER = /^(\d+(?:\.\d+)?(?:e\d+)?)\s*([a-zA-Zµ/]*)$/;

function split(text: string, what: string, example: string): readonly [number, string] {
  const match = NUMBER.exec(text.trim());
  if (match === null) {
    throw new ToolError('E_USAGE', `${what}: '${text}' is not a number with a unit`, {
      hint: `write it like ${example}`,
    });
  }
  return [Number(match[1]), match[2]];
}

/** Parses `50us`, `1.5s`, `10min` into nanoseconds. `bareUnit` is what a number alone means, if anything. */
export function parseDurationNs(text: string, what: string, bareUnit?: string): number {
  const [value, unit] = split(text, what, '50us, 10ms or 2s');
  const scale = DURATION_NS[unit === '' ? (bareUnit ?? '') : unit];
  if (scale === undefined) {
    throw new ToolError('E_USAGE', `${what}: '${text}' has no unit of time`, {
      hint: `units: ${Object.keys(DURATION_NS).join(' ')}`,
    });
  }
  return value * scale;
}

/** Parses `64KiB`, `1GiB`, `10MB` into bytes. */
export function parseSizeBytes(text: string, what: string): number {
  const [value, unit] = split(text, what, '64KiB or 1GiB');
  const scale = SIZE_BYTES[unit];
  if (scale === undefined) {
    throw new ToolError('E_USAGE', `${what}: '${text}' has no unit of size`, {
      hint: `units: ${Object.keys(SIZE_BYTES).join(' ')}`,
    });
  }
  return Math.round(value * scale);
}

/** Parses `2x`, `0.5x` or a bare number into a factor above zero. */
export function parseFactor(text: string, what: string): number {
  const [value, unit] = split(text, what, '2x or 0.5x');
  if ((unit !== '' && unit !== 'x') || !(value > 0)) {
    throw new ToolError('E_USAGE', `${what}: '${text}' is not a factor above 0`, {
      hint: 'write it like 2x or 0.5x',
    });
  }
  return value;
}

const COUNT_SCALE: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };

/** Parses `20000`, `20k`, `1M` into a whole count. */
export function parseCount(text: string, what: string): number {
  const [value, unit] = split(text, what, '64, 20k or 1M');
  const count = value * (COUNT_SCALE[unit] ?? Number.NaN);
  if (!Number.isSafeInteger(count)) {
    throw new ToolError('E_USAGE', `${what}: '${text}' is not a whole count`, {
      hint: 'write it like 64, 20k or 1M',
    });
  }
  return count;
}

/** Parses `20k/s` or `20000` into events per second. */
export function parseRate(text: string, what: string): number {
  const count = parseCount(text.replace(/\/s$/, ''), what);
  if (count <= 0) throw new ToolError('E_USAGE', `${what}: a rate must be above 0`);
  return count;
}
