// `--dialect`, as every verb that plans has it.

import type { Command } from 'commander';

import { dialects } from '../dialects/index.ts';

export function addDialectFlag(command: Command): Command {
  return command.option(
    '-d, --dialect <name>',
    `kernel interface: ${dialects.names.join(', ')} (default: what the recording's IOMMU speaks)`,
  );
}
