// How the project's own programs (lab, benchmarks) end: an expected failure as its message, its hint and its
// exit code; anything else with its stack.

import { EXIT, ToolError } from '../../collector/base/index.ts';

/** Runs `main` as the program; what it answers is the exit code. */
export async function runMain(main: (words: string[]) => Promise<number>): Promise<void> {
  // Leaving by way of 'exit' is what stops a guest or a child.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => process.exit(EXIT.interrupted));
  }
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const hint = error.hint === undefined ? '' : `hint: ${error.hint}\n`;
    process.stderr.write(`${error.message}\n${hint}`);
    process.exitCode = error.exitCode;
  }
}
