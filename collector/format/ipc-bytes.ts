// Arrow's writers with their output caught as chunks, so that a batch is written to disk in one go.
// The chunks are views of the batch's own memory: write them before that memory is reused.

import {
  CompressionType,
  Message,
  RecordBatchFileWriter,
  RecordBatchStreamWriter,
  compressionRegistry,
  type RecordBatch,
  type Schema,
} from 'apache-arrow';

import { zstd } from '../base/index.ts';
import { LENGTH_BYTES, type Compression } from './layout.ts';
import { withTailCheck } from './tail.ts';

/** stream: readable while it grows. file: with a footer, for random access and other tools. */
export type TraceForm = 'stream' | 'file';

export interface IpcBytes {
  readonly chunks: Uint8Array[];
  /** What stands before the first batch: the schema and the dictionaries of `sample`. */
  begin(schema: Schema, sample: RecordBatch): void;
  write(batch: RecordBatch): void;
  /** Adds what ends the form: an end mark, and the footer for a file. */
  finish(): unknown;
}

function toView(chunk: ArrayBufferView | ArrayBuffer | ArrayBufferLike): Uint8Array {
  return ArrayBuffer.isView(chunk)
    ? new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    : new Uint8Array(chunk);
}

class StreamBytes extends RecordBatchStreamWriter implements IpcBytes {
  readonly chunks: Uint8Array[] = [];

  begin(schema: Schema, sample: RecordBatch): void {
    this.reset(undefined, schema);
    this._writeDictionaries(sample);
  }

  protected override _write(chunk: ArrayBufferView | ArrayBuffer): this {
    const view = toView(chunk);
    if (view.byteLength > 0) this.chunks.push(view);
    this._position += view.byteLength;
    return this;
  }
}

class FileBytes extends RecordBatchFileWriter implements IpcBytes {
  readonly chunks: Uint8Array[] = [];

  constructor(compression: Compression) {
    if (compression === 'zstd') compressionRegistry.set(CompressionType.ZSTD, { encode: zstd });
    super({ compressionType: compression === 'zstd' ? CompressionType.ZSTD : null });
  }

  // The format has the uncompressed length before each compressed buffer; this library writes the
  // compressed one there, and other readers refuse such a file.
  protected override _compressBodyBuffers(
    plain: ArrayBufferView[],
  ): ReturnType<RecordBatchFileWriter['_compressBodyBuffers']> {
    const out = super._compressBodyBuffers(plain);
    plain.forEach(({ byteLength }, i) => {
      const prefix = out.buffers[2 * i];
      if (prefix.byteLength === 0) return;
      const length = new DataView(prefix.buffer, prefix.byteOffset, LENGTH_BYTES);
      if (length.getBigInt64(0, true) >= 0n) length.setBigInt64(0, BigInt(byteLength), true);
    });
    return out;
  }

  begin(schema: Schema, sample: RecordBatch): void {
    this.reset(undefined, schema);
    this._writeDictionaries(sample);
  }

  // The Arrow file form holds a whole stream between its magic and its footer; this library leaves the
  // stream's schema out, and a reader that walks the frames needs it.
  protected override _writeSchema(schema: Schema): this {
    super._writeSchema(schema);
    return this._writeMessage(Message.from(schema));
  }

  protected override _writeFooter(schema: Schema): this {
    const before = this.chunks.length;
    super._writeFooter(schema);
    this.chunks.push(...withTailCheck(this.chunks.splice(before)));
    return this;
  }

  protected override _write(chunk: ArrayBufferView | ArrayBuffer): this {
    const view = toView(chunk);
    if (view.byteLength > 0) this.chunks.push(view);
    this._position += view.byteLength;
    return this;
  }
}

/** Batches of the file form may be compressed; a stream's never are: they are written while a guest waits. */
export function ipcBytes(form: TraceForm, compression: Compression = 'none'): IpcBytes {
  return form === 'stream' ? new StreamBytes() : new FileBytes(compression);
}
