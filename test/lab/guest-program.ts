// Runs one of the lab's own programs (test/lab/guest) inside a guest and reads the JSON line it prints.

import { join } from 'node:path';
import { ToolError } from '../../collector/base/index.ts';
import { checkout } from './cache.ts';
import { type GuestResult, runGuest } from './guest.ts';
import type { MachineName } from './machine.ts';
import type { ScenarioContext } from './scenario.ts';

export interface GuestProgram {
  readonly machine: MachineName;
  /** File name under test/lab/guest, without its ending. */
  readonly program: string;
  /** Name of the guest's folder inside the scenario's. */
  readonly name: string;
}

/** The file of one of the programs in `guest/`, as it is inside too. */
export const programFile = (program: string): string =>
  join(checkout, 'dist', 'test', 'lab', 'guest', `${program}.js`);

/** Boots, runs the program with Node, powers off. A program that fails is an error with what it said. */
export async function runInGuest(
  context: ScenarioContext,
  wanted: GuestProgram,
): Promise<GuestResult> {
  const result = await runGuest({
    machine: wanted.machine,
    folder: join(context.folder, wanted.name),
    script: `exec node '${programFile(wanted.program)}'\n`,
  });
  context.story(
    `  ${wanted.machine} guest ran ${wanted.program} in ${result.seconds.toFixed(1)} s`,
  );
  if (result.exit !== 0) {
    throw new ToolError('E_IO', `${wanted.program} failed in the guest:\n${result.stderr}`);
  }
  return result;
}

export const parseAnswer = (result: GuestResult): unknown => JSON.parse(result.stdout);
