// Time stamps as logs and log collectors write them, looked for in the text before an event. The one that
// stands closest to the event counts: what stands before it was added on the way.

/** What kind of clock a stamp shows. */
export type StampClock = 'realtime' | 'syslog' | 'mono' | 'trace' | 'time-of-day';

export interface Stamp {
  readonly clock: StampClock;
  /** Whole seconds since the clock's zero: 1970 in UTC (in local time for `syslog`), or midnight. */
  readonly seconds: number;
  readonly nanos: number;
  /** Digits of the fraction. */
  readonly digits: number;
  /** Where it starts in the text. */
  readonly at: number;
  readonly end: number;
}

export interface StampHints {
  /** Of stamps that show none. */
  readonly year: number;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const FRACTION = String.raw`(?:[.,](\d{1,9}))?`;
const FORMS = new RegExp(
  [
    // 2026-11-22T06:21:17.244765Z, with a space, a comma, an offset, without decimals
    String.raw`(?<iso>\b(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)${FRACTION} ?(Z|[+-]\d\d:?\d\d)?)`,
    // Nov 29 06:44:05.465175, Sun Nov 29 06:44:05 2026
    String.raw`(?<syslog>\b(${MONTHS.join('|')}) +(\d{1,2}) +(\d\d):(\d\d):(\d\d)${FRACTION}(?: (\d{4})\b)?)`,
    // [   12.751454]
    String.raw`(?<mono>\[ *(\d{1,9})[.,](\d{3,9})\])`,
    // 1795328477.244765 in a prefix; as trace text prints it, with a colon
    String.raw`(?<epoch>(?<![\d.:,])(\d{1,10})[.,](\d{3}|\d{6}|\d{9})(:)?(?![\d.,]))`,
    // 06:44:05.465175
    String.raw`(?<day>(?<![\d:])(\d\d):(\d\d):(\d\d)[.,](\d{1,9})(?!\d))`,
  ].join('|'),
  'g',
);

/** Seconds of this size are a count since 1970: later than 2001. */
const EPOCH_SECONDS = 1e9;

/** The stamp closest to the end of `text`. */
export function lastStamp(text: string, hints: StampHints): Stamp | undefined {
  let last: Stamp | undefined;
  for (const found of text.matchAll(FORMS)) last = stampOf(found, hints) ?? last;
  return last;
}

function stampOf(found: RegExpMatchArray, hints: StampHints): Stamp | undefined {
  const groups = found.groups ?? {};
  const at = found.index ?? 0;
  const place = { at, end: at + found[0].length };
  const [, , ...rest] = found;
  if (groups['iso'] !== undefined) {
    const [year, month, day, hour, minute, second] = rest.slice(0, 6).map(Number);
    const [fraction, zone] = rest.slice(6, 8);
    if (month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
      return undefined;
    const seconds = Date.UTC(year, month - 1, day, hour, minute, second) / 1000 - zoneSeconds(zone);
    return { clock: 'realtime', seconds, ...fractionOf(fraction), ...place };
  }
  if (groups['syslog'] !== undefined) {
    const [month, day, hour, minute, second, fraction, year] = rest.slice(9, 16);
    const days = [hints.year, Number(year)][year === undefined ? 0 : 1];
    const seconds =
      Date.UTC(
        days,
        MONTHS.indexOf(month),
        Number(day),
        Number(hour),
        Number(minute),
        Number(second),
      ) / 1000;
    return { clock: 'syslog', seconds, ...fractionOf(fraction), ...place };
  }
  if (groups['mono'] !== undefined) {
    const [seconds, fraction] = rest.slice(17, 19);
    return clockOf(Number(seconds), fraction, 'mono', place);
  }
  if (groups['epoch'] !== undefined) {
    const [seconds, fraction, colon] = rest.slice(20, 23);
    return clockOf(Number(seconds), fraction, colon === undefined ? 'mono' : 'trace', place);
  }
  const [hour, minute, second, fraction] = rest.slice(24, 28);
  const seconds = Number(hour) * 3600 + Number(minute) * 60 + Number(second);
  return { clock: 'time-of-day', seconds, ...fractionOf(fraction), ...place };
}

function clockOf(
  seconds: number,
  fraction: string,
  other: StampClock,
  place: { readonly at: number; readonly end: number },
): Stamp {
  const clock = seconds >= EPOCH_SECONDS && other !== 'trace' ? 'realtime' : other;
  return { clock, seconds, ...fractionOf(fraction), ...place };
}

function fractionOf(fraction: string | undefined): {
  readonly nanos: number;
  readonly digits: number;
} {
  if (fraction === undefined) return { nanos: 0, digits: 0 };
  return { nanos: Number(fraction) * 10 ** (9 - fraction.length), digits: fraction.length };
}

/** `+0100` as seconds east of UTC. Without one the time is taken as UTC. */
function zoneSeconds(zone: string | undefined): number {
  if (zone === undefined || zone === 'Z') return 0;
  const sign = zone.startsWith('-') ? -1 : 1;
  return sign * (Number(zone.slice(1, 3)) * 3600 + Number(zone.slice(-2)) * 60);
}
