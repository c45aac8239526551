// Writes a recording, a batch at a time: each batch is whole on disk or not there. The stream form while
// recording; `seal.ts` makes the file form from it. Owns the file until it is finished.

import { closeSync, fsyncSync, ftruncateSync, openSync, writevSync } from 'node:fs';

import { type Schema } from 'apache-arrow';

import { fileError } from '../base/index.ts';
import {
  EventBuilder,
  type EventBatch,
  type LossDetail,
  type Tally,
  type TraceHeader,
} from '../model/index.ts';
import { CHECK_CRC_KEY, CHECK_KEY, batchCrc, textCrc, type BatchNote } from './batch-check.ts';
import { ipcBytes, type IpcBytes, type TraceForm } from './ipc-bytes.ts';
import { traceSchema } from './schema.ts';
import { toRecordBatch } from './to-arrow.ts';

const NO_ROWS = new EventBuilder(1);

export class TraceWriter {
  readonly path: string;
  readonly header: TraceHeader;
  rows = 0;
  bytes = 0;
  readonly #schema: Schema;
  readonly #ipc: IpcBytes;
  #fd: number;
  #index = 0;
  #previous: string;

  /** Creates `path`; it must not exist unless `overwrite`. Throws ToolError. */
  constructor(
    path: string,
    header: TraceHeader,
    options: { readonly overwrite?: boolean; readonly form?: TraceForm } = {},
  ) {
    this.path = path;
    this.header = header;
    this.#ipc = ipcBytes(options.form ?? 'stream');
    const text = JSON.stringify(header);
    this.#previous = textCrc(text);
    this.#schema = traceSchema(text, this.#previous);
    try {
      this.#fd = openSync(path, options.overwrite === true ? 'w' : 'wx');
    } catch (error) {
      throw fileError(error, path, 'Nothing was written.');
    }
  }

  /** Appends the rows of `batch` with the running totals. The batch's arrays may be reused afterwards. */
  append(batch: EventBatch, tally: Tally, losses: readonly LossDetail[], end = false): void {
    const note: BatchNote = {
      index: this.#index,
      first_seq: this.rows,
      rows: batch.count,
      previous: this.#previous,
      tally,
      losses: [...losses],
      end,
    };
    const noteText = JSON.stringify(note);
    const check = toRecordBatch(this.#schema, batch, this.rows, new Map());
    const crc = batchCrc(noteText, check);
    check.metadata.set(CHECK_KEY, noteText).set(CHECK_CRC_KEY, crc);
    this.#ipc.write(check);
    this.#flush();
    this.#index++;
    this.#previous = crc;
    this.rows += batch.count;
  }

  /** Ends the recording in good order and closes the file, on disk. */
  finish(tally: Tally, losses: readonly LossDetail[]): void {
    this.append(NO_ROWS, tally, losses, true);
    this.#ipc.finish();
    this.#flush();
    this.close();
  }

  /** Closes the file as it is: whole up to the last batch. */
  close(): void {
    if (this.#fd < 0) return;
    fsyncSync(this.#fd);
    closeSync(this.#fd);
    this.#fd = -1;
  }

  [Symbol.dispose](): void {
    this.close();
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
      // Cut back to the last whole batch, so that what is on disk stays readable.
      ftruncateSync(this.#fd, whole);
      this.bytes = whole;
      throw fileError(error, this.path, `${this.rows} events before it are kept.`);
    }
  }
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
