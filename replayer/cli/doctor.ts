// `iotlb doctor`: what this host can replay on, and with --timing how exactly. Looks; opens and changes
// nothing.

import { jsonText, textTable, type Terminal, type VerbModule } from '../../collector/base/index.ts';
import type { CheckLine } from '../doctor/check.ts';
import { hostFiles } from '../doctor/host-files.ts';
import { checks } from '../doctor/index.ts';

interface Options {
  readonly timing: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .option('--timing', 'how exactly this host keeps time, and what would help', false)
    .option('--json', 'print one JSON document', false)
    .action((options: Options) => {
      run(options, terminal());
    });
};

function run(options: Options, terminal: Terminal): void {
  const topic = options.timing ? 'timing' : 'host';
  const found = checks.entries
    .filter((check) => check.topic === topic)
    .map((check) => ({ check: check.name, lines: check.look(hostFiles) }));
  if (options.json) {
    const lines = found.flatMap(({ check, lines: each }) =>
      each.map((line) => ({ check, ...line })),
    );
    terminal.answer(jsonText({ topic, lines }, 2));
    return;
  }
  const lines = found.flatMap((each) => each.lines);
  terminal.answer(textTable(rows(lines), [false, false, false]));
  if (!options.timing) terminal.story("how exactly this host keeps time: 'iotlb doctor --timing'");
}

function rows(lines: readonly CheckLine[]): readonly (readonly string[])[] {
  return lines.flatMap((line) => [
    [line.what, line.finding, line.detail],
    ...(line.advice === undefined ? [] : [['', '', `→ ${line.advice}`]]),
  ]);
}
