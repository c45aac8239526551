// The flags that say when things are issued: pacing, the part of the recording, repetition. Shared by the
// verbs that replay.

import { Option, type Command } from 'commander';

import {
  ToolError,
  parseCount,
  parseDurationNs,
  parseFactor,
  parseRate,
} from '../../collector/base/index.ts';
import type { Pacing } from '../loop/schedule.ts';
import { WHOLE, type Cut } from '../planner/cut.ts';

export interface PacingFlags {
  readonly speed?: string;
  readonly rate?: string;
  readonly asap: boolean;
  readonly openLoop: boolean;
  readonly begin?: string;
  readonly end?: string;
  readonly limit?: string;
  readonly loop?: string;
  readonly maxGap?: string;
}

export interface Pace {
  readonly pacing: Pacing;
  readonly cut: Cut;
  readonly passes: number;
  readonly maxGapNs: number | undefined;
}

export function addPacingFlags(command: Command): void {
  const pacing = (flags: string, text: string, others: readonly string[]): Option =>
    new Option(flags, text).conflicts([...others]);
  command
    .addOption(
      pacing('--speed <factor>', 'recorded think times, so many times as fast (default 1x)', [
        'rate',
        'asap',
      ]),
    )
    .addOption(
      pacing('--rate <per-second>', 'a constant rate instead, such as 20k/s', ['speed', 'asap']),
    )
    .addOption(pacing('--asap', 'as fast as it goes', ['speed', 'rate']).default(false))
    .addOption(
      pacing(
        '--open-loop',
        'recorded times for every request, as if waiting guests went on asking',
        ['rate', 'asap'],
      ).default(false),
    )
    .option(
      '--serial <what>',
      'closed loop: what the guest driver locks while it waits: cpu (nothing), domain or device',
    )
    .option(
      '--stream-waiters <n>',
      'closed loop: waiters per stream, where the recording does not say who waits',
    )
    .option('--begin <duration>', 'start so far into the recording, such as 2s')
    .option('--end <duration>', 'stop so far into the recording')
    .option('--limit <count>', 'at most so many requests')
    .option('--loop <times>', 'so many times over, without a jump in time')
    .addOption(
      pacing('--max-gap <duration>', 'cut idle stretches to this, such as 10ms', ['rate', 'asap']),
    );
}

export function paceOf(flags: PacingFlags): Pace {
  const passes = flags.loop === undefined ? 1 : parseCount(flags.loop, '--loop');
  if (passes < 1) throw new ToolError('E_USAGE', '--loop: at least 1');
  return {
    pacing: pacingOf(flags),
    cut: cutOf(flags),
    passes,
    maxGapNs: duration(flags.maxGap, '--max-gap'),
  };
}

function pacingOf(flags: PacingFlags): Pacing {
  if (flags.asap) return { kind: 'asap' };
  if (flags.rate !== undefined) return { kind: 'rate', perSecond: parseRate(flags.rate, '--rate') };
  return {
    kind: flags.openLoop ? 'recorded' : 'closed-loop',
    speed: flags.speed === undefined ? 1 : parseFactor(flags.speed, '--speed'),
  };
}

function cutOf({ begin, end, limit }: PacingFlags): Cut {
  if (begin === undefined && end === undefined && limit === undefined) return WHOLE;
  const cut = {
    beginNs: duration(begin, '--begin') ?? WHOLE.beginNs,
    endNs: duration(end, '--end') ?? WHOLE.endNs,
    limit: limit === undefined ? WHOLE.limit : parseCount(limit, '--limit'),
  };
  if (cut.endNs <= cut.beginNs) {
    throw new ToolError('E_USAGE', '--end must be later than --begin; nothing was issued');
  }
  return cut;
}

function duration(text: string | undefined, flag: string): number | undefined {
  return text === undefined ? undefined : parseDurationNs(text, flag);
}
