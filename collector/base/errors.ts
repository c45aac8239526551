// The one kind of expected failure, and the table of its codes.
// Owns the mapping from a code to the process's exit code. Anything that is not a ToolError is a bug.

import { existsSync } from 'node:fs';
import { dirname } from 'node:path';

/** Exit codes: 0 done, 1 our bug, 2 usage, 3 this host cannot, 4 input unusable, 5 a stated limit was broken. */
export const EXIT = {
  ok: 0,
  bug: 1,
  usage: 2,
  host: 3,
  input: 4,
  limit: 5,
  interrupted: 130,
} as const;

/** Every stable error code and the exit code it maps to. A code is never reused for another meaning. */
const ERROR_CODES = {
  E_USAGE: EXIT.usage,
  E_EXISTS: EXIT.usage,
  E_OUTPUT: EXIT.usage,
  E_UNKNOWN_NAME: EXIT.usage,
  E_NO_DEVICE: EXIT.host,
  E_PREPARE: EXIT.host,
  E_NOT_SUPPORTED: EXIT.host,
  E_NO_SPACE: EXIT.host,
  E_IO: EXIT.host,
  E_STDOUT: EXIT.host,
  E_MISSING_PACKAGE: EXIT.host,
  E_PERMISSION: EXIT.host,
  E_STORE: EXIT.host,
  E_NOT_FOUND: EXIT.input,
  E_FORMAT: EXIT.input,
  E_NEWER_FORMAT: EXIT.input,
  E_TRUNCATED: EXIT.input,
  E_CORRUPT: EXIT.input,
  E_EMPTY: EXIT.input,
  E_MISREAD: EXIT.input,
  E_NO_TIMESTAMPS: EXIT.input,
  E_BROKEN_PLAN: EXIT.input,
  E_MISMATCH: EXIT.input,
  E_LIMIT: EXIT.limit,
  E_INTERRUPTED: EXIT.interrupted,
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/**
 * An expected failure. `message` names the subject, what happened and what stayed untouched;
 * `hint` says what to do next.
 */
export class ToolError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, extra: { cause?: unknown; hint?: string } = {}) {
    super(message, extra.cause === undefined ? undefined : { cause: extra.cause });
    this.name = 'ToolError';
    this.code = code;
    this.hint = extra.hint;
  }

  get exitCode(): number {
    return ERROR_CODES[this.code];
  }
}

/** Ends a `switch` over a union: a new variant that is not handled does not compile. */
export function assertUnreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** Node's system errors carry a code; this reads it without trusting the shape. */
export function systemErrorCode(error: unknown): string | undefined {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string')
    return error.code;
  return undefined;
}

/** Turns a failed file operation into a ToolError that says what happened to `subject`. */
export function fileError(error: unknown, subject: string, untouched: string): ToolError {
  const code = systemErrorCode(error);
  switch (code) {
    case 'ENOENT': {
      const folder = dirname(subject);
      const what = existsSync(folder) ? 'no such file' : `there is no folder ${folder}`;
      return new ToolError('E_NOT_FOUND', `${subject}: ${what}. ${untouched}`, { cause: error });
    }
    case 'EISDIR':
      return new ToolError(
        'E_FORMAT',
        `${subject}: is a folder, and a file is needed. ${untouched}`,
        {
          cause: error,
        },
      );
    case 'EACCES':
    case 'EPERM':
      return new ToolError('E_PERMISSION', `${subject}: permission denied. ${untouched}`, {
        cause: error,
      });
    case 'ENOSPC':
    case 'EDQUOT':
    case 'EFBIG':
      return new ToolError('E_NO_SPACE', `${subject}: no space left to write. ${untouched}`, {
        cause: error,
        hint: 'free some space, or write to another file system',
      });
    default:
      return new ToolError('E_IO', `${subject}: ${String(error)}. ${untouched}`, { cause: error });
  }
}
