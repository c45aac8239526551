// Writes a recording, a batch at a time: each batch is whole on disk or not there. The stream form while
// recording; `seal.ts` makes the file form from it, which is compressed. Owns the file until it is finished.

import { closeSync, fsyncSync, ftruncateSync, openSync, rmSync, writevSync } from 'node:fs';

import { type Schema } from 'apache-arrow';

import { Output, fileError } from '../base/index.ts';
import {
  EventBuilder,
  type EventBatch,
  type LossDetail,
  type Tally,
  type TraceHeader,
} from '../model/index.ts';
import {
  CHECK_CRC_KEY,
  CHECK_KEY,
  CRC_BLANK,
  chunksCrc,
  textCrc,
  type BatchNote,
} from './batch-check.ts';
import { ipcBytes, type IpcBytes, type TraceForm } from './ipc-bytes.ts';
import { readMessage } from './message.ts';
import { traceSchema } from './schema.ts';
import { emptyRecordBatch, toRecordBatch } from './to-arrow.ts';

const NO_ROWS = new EventBuilder(1);

export class TraceWriter {
  readonly path: string;
  readonly header: TraceHeader;
  rows = 0;
  bytes = 0;
  readonly #schema: Schema;
  readonly #ipc: IpcBytes;
  readonly #recording: string;
  #fd: number;
  #index = 0;
  #previous: string;

  /**
   * Creates the file with its header in it: it is readable from the moment it exists. A file of the
   * caller's own may be given by its path; it must not exist before, unless `overwrite`. Throws ToolError.
   */
  constructor(
    to: Output | string,
    header: TraceHeader,
    options: { readonly overwrite?: boolean; readonly form?: TraceForm } = {},
  ) {
    const output =
      typeof to === 'string'
        ? new Output(to, { force: options.overwrite ?? false, inputs: [] })
        : to;
    const { path } = output;
    this.path = path;
    this.header = header;
    this.#ipc = ipcBytes(options.form ?? 'stream', 'zstd');
    const text = JSON.stringify(header);
    this.#recording = textCrc(text);
    this.#schema = traceSchema(text, this.#recording);
    this.#ipc.begin(this.#schema, emptyRecordBatch(this.#schema));
    this.#previous = chunksCrc(this.#ipc.chunks);
    const fresh = output.beside('new');
    try {
      this.#fd = openSync(fresh, 'w');
    } catch (error) {
      throw fileError(error, path, 'Nothing was written.');
    }
    try {
      this.#flush();
      output.publish(fresh);
    } catch (error) {
      if (this.#fd >= 0) closeSync(this.#fd);
      rmSync(fresh, { force: true });
      throw error;
    }
  }

  /** Appends the rows of `batch` with the running totals. The batch's arrays may be reused afterwards. */
  append(batch: EventBatch, tally: Tally, losses: readonly LossDetail[]): void {
    this.#add(batch, tally, { losses, end: false });
    this.#flush();
  }

  /** Ends the recording in good order and closes the file, on disk. */
  finish(tally: Tally, losses: readonly LossDetail[]): void {
    if (tally.kept !== this.rows) {
      throw new Error(
        `${this.path}: holds ${this.rows} rows, but ${tally.kept} are said to be kept`,
      );
    }
    this.#add(NO_ROWS, tally, { losses, end: true });
    this.#ipc.finish();
    this.#flush();
    this.close();
  }

  /** Closes the file as it is: whole up to the last batch. */
  close(): void {
    if (this.#fd < 0) return;
    const fd = this.#fd;
    this.#fd = -1;
    try {
      fsyncSync(fd);
    } catch (error) {
      throw fileError(error, this.path, 'What was written may not have reached the disk.');
    } finally {
      closeSync(fd);
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #add(
    batch: EventBatch,
    tally: Tally,
    more: Pick<BatchNote, 'end'> & { losses: readonly LossDetail[] },
  ): void {
    if (this.#fd < 0) throw new Error(`${this.path}: a batch after the file was closed`);
    if (tally.seen !== tally.kept + tally.lost) throw new Error('seen is not kept + lost');
    const note: BatchNote = {
      index: this.#index,
      first_seq: this.rows,
      rows: batch.count,
      recording: this.#recording,
      previous: this.#previous,
      tally,
      losses: [...more.losses],
      end: more.end,
    };
    const metadata = new Map([
      [CHECK_KEY, JSON.stringify(note)],
      [CHECK_CRC_KEY, CRC_BLANK],
    ]);
    this.#ipc.write(toRecordBatch(this.#schema, batch, this.rows, metadata));
    this.#previous = stampCrc(this.#ipc.chunks);
    this.#index++;
    this.rows += batch.count;
  }

  #flush(): void {
    const chunks = this.#ipc.chunks.splice(0);
    let left = chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
    const whole = this.bytes;
    try {
      while (left > 0) {
        const done = writevSync(this.#fd, chunks);
        left -= done;
        this.bytes += done;
        dropWritten(chunks, done);
      }
    } catch (error) {
      this.#cutBack(whole);
      throw fileError(error, this.path, 'What was written before is kept.');
    }
  }

  /** Cuts the file back to its last whole batch and closes it: nothing may follow a failed write. */
  #cutBack(whole: number): void {
    const fd = this.#fd;
    this.#fd = -1;
    this.bytes = whole;
    try {
      ftruncateSync(fd, whole);
    } catch {
      // Readers drop a cut batch by themselves; the first error is the one to report.
    }
    closeSync(fd);
  }
}

/** Writes the checksum into the one frame that `chunks` hold, and returns it. */
function stampCrc(chunks: readonly Uint8Array[]): string {
  const crc = chunksCrc(chunks);
  for (const chunk of chunks) {
    const at = readMessage(chunk)?.valueAt.get(CHECK_CRC_KEY);
    if (at === undefined) continue;
    Buffer.from(chunk.buffer, chunk.byteOffset + at, CRC_BLANK.length).write(crc, 'latin1');
    return crc;
  }
  throw new Error('a batch without a place for its checksum');
}

function dropWritten(chunks: Uint8Array[], bytes: number): void {
  let left = bytes;
  while (left > 0) {
    const head = chunks[0];
    if (head.byteLength <= left) {
      left -= head.byteLength;
      chunks.shift();
    } else {
      chunks[0] = head.subarray(left);
      return;
    }
  }
}
