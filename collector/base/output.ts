// The one way out: every file that a verb writes is checked here before the work and gets its name here after
// it. Refuses what is not a regular file, what is an input of the same run, and what exists without --force.

import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
  type BigIntStats,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { ToolError, fileError, systemErrorCode } from './errors.ts';
import { kindOfFile, sameFile, statOf } from './file-kind.ts';

/** What an output is checked against. */
export interface OutputRules {
  /** Replace a regular file of that name. */
  readonly force: boolean;
  /** Files and folders that the run reads; `-` is standard input. The output may be none of them. */
  readonly inputs: readonly string[];
}

const UNTOUCHED = 'It was left as it is.';

/** A file that will be written: checked when made, named when whole. */
export class Output {
  /** As the user named it. */
  readonly path: string;
  readonly #rules: OutputRules;
  /** With links followed: what is replaced is the file, not the link to it. */
  readonly #real: string;

  /** Checks `path` and touches nothing. Throws ToolError with exit code 2. */
  constructor(path: string, rules: OutputRules) {
    this.path = path;
    this.#rules = rules;
    refuseNoName(path);
    this.#real = followLinks(path);
    this.#refuse();
  }

  /** The checks alone, where the file is made elsewhere. Throws ToolError with exit code 2. */
  static check(path: string, rules: OutputRules): void {
    new Output(path, rules).#refuse();
  }

  /** A name beside the output, of this process, for what is written before the output is whole. */
  beside(kind: string): string {
    const folder = dirname(this.#real);
    return join(folder, `${basename(this.#real)}.${kind}-${process.pid}`);
  }

  /**
   * Gives `fresh` the output's name. Without --force by a link, which fails where another process made a
   * file of that name meanwhile. Throws ToolError and leaves `fresh`.
   */
  publish(fresh: string): void {
    this.#refuse();
    try {
      if (this.#rules.force || !canLink(fresh, this.#real)) renameSync(fresh, this.#real);
      else rmSync(fresh);
    } catch (error) {
      if (systemErrorCode(error) === 'EEXIST') throw exists(this.path, error);
      throw fileError(error, this.path, 'It was not written.');
    }
  }

  /** Writes the whole file, on disk before it has its name. Throws ToolError; nothing is left then. */
  write(chunks: Iterable<Uint8Array | string>): void {
    const fresh = this.beside('partial');
    try {
      const fd = openSync(fresh, 'w');
      try {
        for (const chunk of chunks) writeAll(fd, chunk);
        fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
      this.publish(fresh);
    } catch (error) {
      rmSync(fresh, { force: true });
      throw error instanceof ToolError ? error : fileError(error, this.path, 'It was not written.');
    }
  }

  #refuse(): void {
    const found = statOf(this.#real);
    if (found === undefined) {
      refuseNoFolder(this.path, dirname(this.#real));
      return;
    }
    if (!found.isFile()) {
      throw new ToolError(
        'E_OUTPUT',
        `${this.path}: is a ${kindOfFile(found)}, and only regular files are written. ${UNTOUCHED}`,
        { hint: 'give the name of a file' },
      );
    }
    refuseInput(this.path, found, this.#rules.inputs);
    if (!this.#rules.force) throw exists(this.path);
  }
}

/** A file of the caller's own, which is replaced; or an output that was checked. */
export function asOutput(to: Output | string): Output {
  return typeof to === 'string' ? new Output(to, { force: true, inputs: [] }) : to;
}

/** A folder that a run fills with files of its own naming. */
export class OutputFolder {
  readonly path: string;
  readonly #rules: OutputRules;

  /** Checks `path`: not there, empty, or --force. Touches nothing. Throws ToolError with exit code 2. */
  constructor(path: string, rules: OutputRules) {
    this.path = path;
    this.#rules = rules;
    if (path === '') throw new ToolError('E_OUTPUT', 'an output folder needs a name');
    const found = statOf(path);
    if (found === undefined) return;
    if (!found.isDirectory()) {
      throw new ToolError(
        'E_OUTPUT',
        `${path}: is a ${kindOfFile(found)}, and a folder is needed. ${UNTOUCHED}`,
      );
    }
    if (!rules.force && readdirSync(path).length > 0) {
      throw new ToolError('E_EXISTS', `${path}: holds files already. ${UNTOUCHED}`, {
        hint: 'give another folder, or --force to replace files of the same names in it',
      });
    }
  }

  /** Makes the folder. Throws ToolError; `untouched` says what did not happen. */
  make(untouched: string): void {
    try {
      mkdirSync(this.path, { recursive: true });
    } catch (error) {
      throw fileError(error, this.path, untouched);
    }
  }

  file(name: string): Output {
    return new Output(join(this.path, name), this.#rules);
  }
}

function refuseNoName(path: string): void {
  if (path !== '' && path !== '-' && !path.endsWith('/')) return;
  throw new ToolError(
    'E_OUTPUT',
    path === '-'
      ? "'-': files are not written to standard output. Nothing was written."
      : `'${path}': is no name of a file. Nothing was written.`,
    { hint: 'give the name of a file' },
  );
}

function followLinks(path: string): string {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return path;
  try {
    return realpathSync(path);
  } catch (error) {
    throw new ToolError('E_OUTPUT', `${path}: is a link that leads nowhere. ${UNTOUCHED}`, {
      cause: error,
    });
  }
}

function refuseNoFolder(path: string, folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return;
  throw new ToolError('E_OUTPUT', `${path}: there is no folder ${folder}. Nothing was written.`, {
    hint: `make it first: mkdir -p ${folder}`,
  });
}

function refuseInput(path: string, found: BigIntStats, inputs: readonly string[]): void {
  const input = inputs.find((one) => sameFile(one, found));
  if (input === undefined) return;
  throw new ToolError(
    'E_OUTPUT',
    `${path}: is the same file as the input ${input === '-' ? 'on standard input' : input}. ${UNTOUCHED}`,
    { hint: 'give the output another name' },
  );
}

function exists(path: string, cause?: unknown): ToolError {
  return new ToolError('E_EXISTS', `${path}: exists already and was left as it is`, {
    cause,
    hint: 'give another name, or --force to overwrite it',
  });
}

/** Links `path` to the file and drops nothing; false where the file system has no links and `path` is free. */
function canLink(fresh: string, path: string): boolean {
  try {
    linkSync(fresh, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST' || existsSync(path)) throw error;
    return false;
  }
}

function writeAll(fd: number, chunk: Uint8Array | string): void {
  const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
  let done = 0;
  while (done < bytes.length) done += writeSync(fd, bytes, done);
}
