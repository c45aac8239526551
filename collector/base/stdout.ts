// Standard output: what a verb answers goes out here. A reader that went away ends the verb quietly; an output
// that is full or not open for writing is told once, on stderr.

import { ToolError, systemErrorCode } from './errors.ts';

/** Ends a verb whose reader has seen enough. Not a failure: the exit code is what it was. */
export class ReaderGone extends Error {}

let failure: Error | undefined;

/** Call once, before anything is written. Errors of stderr have nowhere to go and change nothing. */
export function watchStdout(): void {
  process.stdout.on('error', (error) => {
    failure ??= error;
  });
  process.stderr.on('error', () => undefined);
}

/** Writes to stdout. Throws where an earlier write failed, so that long work ends. */
export function writeStdout(text: string): void {
  if (failure !== undefined) throw ended(failure);
  process.stdout.write(text);
}

/** Writes and waits until stdout takes more: for output longer than memory should hold. */
export async function streamStdout(text: string): Promise<void> {
  if (failure !== undefined) throw ended(failure);
  await new Promise<void>((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}

/** Waits until everything is written; gives back the failure, if there was one. */
export async function stdoutFailure(): Promise<ToolError | ReaderGone | undefined> {
  await new Promise<void>((resolve) => {
    if (failure !== undefined || process.stdout.destroyed) resolve();
    else process.stdout.write('', () => resolve());
  });
  return failure === undefined ? undefined : ended(failure);
}

function ended(error: Error): ToolError | ReaderGone {
  if (systemErrorCode(error) === 'EPIPE') return new ReaderGone();
  return stdoutError(error);
}

function stdoutError(error: Error): ToolError {
  const why: Readonly<Record<string, string>> = {
    ENOSPC: 'no space left to write',
    EDQUOT: 'no space left to write',
    EFBIG: 'no space left to write',
    EBADF: 'is not open for writing',
  };
  const reason = why[systemErrorCode(error) ?? ''] ?? error.message;
  return new ToolError(
    'E_STDOUT',
    `standard output: ${reason}; the rest of the result is missing`,
    { cause: error },
  );
}
