// `iotlb mark`: puts a named moment into every recording that runs.

import { ToolError, formatCount, type VerbModule } from '../base/index.ts';
import { marksFolder, sendMark } from '../live/marks.ts';

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<text>', 'what the moment is called')
    .addHelpText(
      'after',
      `
Every recorder of this user gets it. A recorder's pipe takes plain lines too:
  echo 'deploy 7' > ${marksFolder()}/PID.marks`,
    )
    .action((text: string) => {
      const sent = sendMark(text);
      if (sent === 0) {
        throw new ToolError('E_NO_DEVICE', 'no recorder of this user runs; nothing was marked', {
          hint: "start one with 'iotlb record'",
        });
      }
      terminal().answer(
        `marked in ${formatCount(sent)} ${sent === 1 ? 'recording' : 'recordings'}`,
      );
    });
};
