// How the bytes of an input reach the source that knows them: pushed as they come, or read at offsets
// from a file or folder. Owns opening, telling what an input is, and the temporary copy of a pipe.

import { closeSync, existsSync, openSync, readdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { basename, join } from 'node:path';

import { RandomInput, ToolError, fileError, openInput, type Input } from '../base/index.ts';
import { HEADER_KEY, fileDigest } from '../format/index.ts';
import type { EventBuilder } from '../model/index.ts';
import { importSources } from './index.ts';
import { describeUnread } from './unread-forms.ts';
import type {
  FileForm,
  FolderForm,
  InputHints,
  ImportSource,
  OpenSource,
  SourceForm,
  StreamForm,
} from './source.ts';

const SNIFF_BYTES = 64 * 1024;

/** An open input whose source is known: `run` drives it to its end. */
export interface Feed {
  readonly name: string;
  readonly source: ImportSource;
  readonly parser: OpenSource;
  /** Adds rows; calls `step` between, with stored bytes done. Stops early when `step` returns false. */
  run(step: (done: number) => boolean): Promise<void>;
  /** The source's last word: what it held back comes out. Also called after damage. */
  end(): void;
  digest(): string;
  /** What was found beside the content; whole once the input is read. */
  warnings(): readonly string[];
  close(): void;
}

export interface FeedOptions {
  /** Name of the source; told from the content where undefined. */
  readonly source: string | undefined;
  /** Where a pipe's bytes may be kept while they are read at offsets. */
  readonly spool: string;
  readonly out: EventBuilder;
  /** What is known of the input, from the user or from a reading before. */
  readonly hints?: InputHints;
}

/** Opens `path` (`-` is standard input, a folder is raw pages) for import. Throws ToolError. */
export async function openFeed(path: string, options: FeedOptions): Promise<Feed> {
  if (path !== '-' && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    return folderFeed(path, options);
  }
  const input = openInput(path, storedSize(path));
  const chunks = input.chunks[Symbol.asyncIterator]();
  const { first, damage } = await sniff(chunks);
  if (first.length === 0) {
    if (damage !== undefined) throw damage;
    throw new ToolError('E_EMPTY', `${input.name}: is empty; nothing was written`);
  }
  const head = Buffer.concat(first).subarray(0, SNIFF_BYTES);
  const { source, form } = chooseForm(head, input.name, options.source);
  const opened: OpenedInput = { path, input, chunks, first, damage };
  return form.kind === 'stream'
    ? streamFeed(opened, source, form, options)
    : fileFeed(opened, source, form, options);
}

interface OpenedInput {
  readonly path: string;
  readonly input: Input;
  readonly chunks: AsyncIterator<Uint8Array>;
  readonly first: readonly Uint8Array[];
  /** What ended the input behind `first`. */
  readonly damage: ToolError | undefined;
}

/** The first chunks. Damage behind them is told when they are read, so that a short input can be salvaged too. */
async function sniff(
  chunks: AsyncIterator<Uint8Array>,
): Promise<{ readonly first: readonly Uint8Array[]; readonly damage: ToolError | undefined }> {
  const first: Uint8Array[] = [];
  let have = 0;
  while (have < SNIFF_BYTES) {
    try {
      const next = await chunks.next();
      if (next.done === true) break;
      if (next.value.length === 0) continue;
      first.push(next.value);
      have += next.value.length;
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { first, damage: error };
    }
  }
  return { first, damage: undefined };
}

/** True where `error` says that an input is damaged or cut, and what came before may be kept. */
export function isDamage(error: unknown): error is ToolError {
  return error instanceof ToolError && (error.code === 'E_TRUNCATED' || error.code === 'E_CORRUPT');
}

type FormOfBytes = StreamForm | FileForm;
const takesBytes = (form: SourceForm): form is FormOfBytes => form.kind !== 'folder';
const takesFolder = (form: SourceForm): form is FolderForm => form.kind === 'folder';

function chooseForm(
  head: Uint8Array,
  name: string,
  wanted: string | undefined,
): { readonly source: ImportSource; readonly form: FormOfBytes } {
  const sources = wanted === undefined ? importSources.entries : [importSources.get(wanted)];
  for (const source of sources) {
    const form = source.forms.filter(takesBytes).find((candidate) => candidate.recognises(head));
    if (form !== undefined) return { source, form };
  }
  if (wanted !== undefined) {
    // The user says what it is; a log whose first part is something else is read all the same.
    const source = importSources.get(wanted);
    const form = source.forms.find((candidate) => candidate.kind === 'stream');
    if (form?.kind === 'stream') return { source, form };
    throw new ToolError(
      'E_FORMAT',
      `${name}: is not what source '${wanted}' reads; nothing was written`,
      {
        hint: source.summary,
      },
    );
  }
  if (Buffer.from(head).includes(HEADER_KEY)) {
    throw new ToolError('E_FORMAT', `${name}: is a recording already; nothing was written`, {
      hint: 'info, plan and replay read it as it is; --salvage repairs it, or writes it anew, compressed',
    });
  }
  const { is, hint } = describeUnread(head);
  throw new ToolError(
    'E_FORMAT',
    `${name}: not a recording that any source knows: it ${is}; nothing was written`,
    { hint },
  );
}

function streamFeed(
  opened: OpenedInput,
  source: ImportSource,
  form: StreamForm,
  options: FeedOptions,
): Feed {
  const { input, chunks, first, damage, path } = opened;
  const modified = path === '-' ? undefined : statSync(path, { throwIfNoEntry: false })?.mtime;
  const parser = form.open(options.out, {
    ...(modified === undefined ? {} : { modified }),
    ...options.hints,
  });
  return {
    name: input.name,
    source,
    parser,
    async run(step) {
      for (const bytes of first) {
        parser.push(bytes);
        if (!step(input.storedDone())) return;
      }
      if (damage !== undefined) throw damage;
      for (;;) {
        const next = await chunks.next();
        if (next.done === true) return;
        parser.push(next.value);
        if (!step(input.storedDone())) return;
      }
    },
    end: () => parser.end(),
    digest: () => input.digest(),
    warnings: () => [...input.warnings, ...(parser.warnings?.() ?? [])],
    close: () => undefined,
  };
}

async function fileFeed(
  opened: OpenedInput,
  source: ImportSource,
  form: FileForm,
  options: FeedOptions,
): Promise<Feed> {
  const { input, chunks, first, path } = opened;
  const spooled = path === '-' || input.isCompressed();
  let { damage } = opened;
  if (spooled) damage ??= await spool(options.spool, first, chunks);
  else await chunks.return?.();
  const random = new RandomInput(spooled ? options.spool : path, input.name);
  const close = (): void => {
    random.close();
    if (spooled) rmSync(options.spool, { force: true });
  };
  try {
    const parser = form.open(options.out, random);
    return {
      name: input.name,
      source,
      parser,
      async run(step) {
        await drive(parser.read(), step);
        if (damage !== undefined) throw damage;
      },
      end: () => undefined,
      digest: () => (spooled ? input.digest() : fileDigest(path)),
      warnings: () => [...input.warnings, ...(parser.warnings?.() ?? [])],
      close,
    };
  } catch (error) {
    close();
    throw damage ?? error;
  }
}

function folderFeed(path: string, options: FeedOptions): Feed {
  const entries = readdirSync(path).sort();
  const sources =
    options.source === undefined ? importSources.entries : [importSources.get(options.source)];
  for (const source of sources) {
    const form = source.forms
      .filter(takesFolder)
      .find((candidate) => candidate.recognises(entries));
    if (form === undefined) continue;
    const parser = form.open(options.out, path);
    return {
      name: path,
      source,
      parser,
      run: (step) => drive(parser.read(), step),
      end: () => undefined,
      digest: () => folderDigest(path, entries),
      warnings: () => parser.warnings?.() ?? [],
      close: () => parser.close?.(),
    };
  }
  throw new ToolError('E_FORMAT', `${path}: a folder that no source knows; nothing was written`, {
    hint: 'raw pages need raw.cpuN (or cpuN/trace_pipe_raw) files and header_page, header_event, *.format beside them',
  });
}

/** Runs a reader; lets signals in between its steps. */
async function drive(
  steps: Generator<number, void, void>,
  step: (done: number) => boolean,
): Promise<void> {
  for (const done of steps) {
    if (!step(done)) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Writes the content to `path`. Gives the damage that ended it early, if any. */
async function spool(
  path: string,
  first: readonly Uint8Array[],
  chunks: AsyncIterator<Uint8Array>,
): Promise<ToolError | undefined> {
  try {
    const fd = openSync(path, 'w', 0o600);
    try {
      for (const bytes of first) writeSync(fd, bytes);
      for (;;) {
        const next = await chunks.next();
        if (next.done === true) return undefined;
        writeSync(fd, next.value);
      }
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (isDamage(error)) return error;
    rmSync(path, { force: true });
    throw error instanceof ToolError ? error : fileError(error, path, 'Nothing was imported.');
  }
}

/** Over the names and contents of the folder's files, in order of name. */
function folderDigest(path: string, entries: readonly string[]): string {
  const hash = createHash('sha256');
  for (const entry of entries) {
    const file = join(path, entry);
    if (!existsSync(file) || !statSync(file).isFile()) continue;
    hash.update(`${basename(file)} ${fileDigest(file)}\n`);
  }
  return `sha256:${hash.digest('hex')}`;
}

function storedSize(path: string): number | undefined {
  if (path === '-') return undefined;
  return statSync(path, { throwIfNoEntry: false })?.size;
}
