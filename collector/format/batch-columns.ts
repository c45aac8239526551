// The columns of one batch as bytes: views of its body, or uncompressed when they are asked for, each into
// exactly the bytes that its rows take. The caller has checked the batch's checksum.

import { unzstd } from '../base/index.ts';
import { LENGTH_BYTES, type BatchLayout } from './layout.ts';

const EMPTY = new Uint8Array(0);
const STORED = -1n;
/** Writers may pad a buffer to this before they compress it. */
const PADDING_BYTES = 64;

export class BatchColumns {
  readonly rows: number;
  readonly #layout: BatchLayout;
  readonly #body: Uint8Array;
  readonly #view: DataView;

  constructor(layout: BatchLayout, body: Uint8Array) {
    this.rows = layout.rows;
    this.#layout = layout;
    this.#body = body;
    this.#view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  }

  /** False where a buffer says of itself that it is longer or shorter than its rows. */
  get haveRightLengths(): boolean {
    return (
      this.#layout.compression === 'none' ||
      this.#layout.columns.every(({ bitmap, values }) =>
        [bitmap, values].every((place) => this.#hasRightLength(place)),
      )
    );
  }

  nulls(column: number): number {
    return this.#layout.columns[column].nulls;
  }

  /** A bit a row, 1 where there is a value; empty where no row is null. */
  bitmap(column: number): Uint8Array {
    return this.#plain(this.#layout.columns[column].bitmap);
  }

  /** Throws ToolError where it cannot be uncompressed. */
  values(column: number): Uint8Array {
    return this.#plain(this.#layout.columns[column].values);
  }

  #plain({ offset, bytes, plainBytes }: Place): Uint8Array {
    if (plainBytes === 0) return EMPTY;
    if (this.#layout.compression === 'none') {
      return this.#body.subarray(offset, offset + plainBytes);
    }
    const start = offset + LENGTH_BYTES;
    const length = this.#view.getBigInt64(offset, true);
    if (length === STORED) return this.#body.subarray(start, start + plainBytes);
    const packed = this.#body.subarray(start, offset + bytes);
    return unzstd(packed, Number(length), 'a column').subarray(0, plainBytes);
  }

  #hasRightLength({ offset, bytes, plainBytes }: Place): boolean {
    if (plainBytes === 0) return true;
    const length = this.#view.getBigInt64(offset, true);
    if (length === STORED) return bytes - LENGTH_BYTES >= plainBytes;
    return length >= plainBytes && length < plainBytes + PADDING_BYTES;
  }
}

type Place = BatchLayout['columns'][number]['values'];
