// `--dialect`, as every verb that plans has it.

import type { Command } from 'commander';

import { dialectFor } from '../dialects/for-recording.ts';
import { dialects, type Dialect } from '../dialects/index.ts';

export interface DialectFlags {
  readonly dialect?: string;
  readonly translate: boolean;
}

export function addDialectFlag(command: Command): Command {
  return command
    .option(
      '-d, --dialect <name>',
      `kernel interface: ${dialects.names.join(', ')} (default: the one of the recording's IOMMU)`,
    )
    .option(
      '--translate',
      "plan for another vendor's dialect than the recording's IOMMU has",
      false,
    );
}

export function dialectOf(path: string, flags: DialectFlags): Dialect {
  return dialectFor(path, { name: flags.dialect, translate: flags.translate });
}
