// `iotlb completion`: a script that completes commands and options in a shell, made from the command table.

import { Argument } from 'commander';

import { commandTable, type VerbModule } from '../base/index.ts';
import { shells } from '../completion/index.ts';

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .addArgument(new Argument('<shell>', 'which shell').choices([...shells.names]))
    .addHelpText(
      'after',
      `\nTo load it:\n${shells.entries.map((shell) => `  ${shell.name.padEnd(6)}${shell.summary}`).join('\n')}`,
    )
    .action((name: string) => {
      const program = command.parent;
      if (program === null) throw new Error('a verb without its program');
      terminal().answer(shells.get(name).script(commandTable(program)));
    });
};
