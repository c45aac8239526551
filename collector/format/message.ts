// The metadata of one Arrow IPC message, read without trusting it: what kind it is, how long its body
// is, its key-value pairs, and where a batch's columns lie.

import { BadFlatbuffer, FlatTable } from './flatbuffer.ts';
import { BATCH, readLayout, type BatchLayout } from './layout.ts';

export type MessageKind = 'schema' | 'dictionary' | 'batch';

export interface MessageInfo {
  readonly kind: MessageKind;
  readonly bodyBytes: number;
  /** Key-value pairs of a batch message, of the schema itself for a schema message. */
  readonly pairs: ReadonlyMap<string, string>;
  /** Where the value of a key starts in the metadata's bytes. */
  readonly valueAt: ReadonlyMap<string, number>;
  /** Names and types of the columns of a schema message, for comparison; empty otherwise. */
  readonly columns: readonly string[];
  /** Rows of a batch message; 0 otherwise. */
  readonly rows: number;
  /** Where columns of these widths lie in a batch's body; undefined where they do not fit into it. */
  readonly layout: (widths: readonly number[]) => BatchLayout | undefined;
}

// Slots of Arrow's flatbuffer tables (Message.fbs, Schema.fbs).
const MESSAGE = { headerType: 1, header: 2, bodyLength: 3, metadata: 4 } as const;
const SCHEMA = { fields: 1, metadata: 2 } as const;
const FIELD = { name: 0, nullable: 1, typeType: 2, type: 3, dictionary: 4, children: 5 } as const;
const KEY_VALUE = { key: 0, value: 1 } as const;

const KINDS: Readonly<Record<number, MessageKind>> = { 1: 'schema', 2: 'dictionary', 3: 'batch' };
/** More pairs or columns than this is damage, not a recording. */
const LIMIT = 256;

/** Undefined where the bytes are not the metadata of a message that a recording may hold. */
export function readMessage(metadata: Uint8Array): MessageInfo | undefined {
  return tried(() => decode(metadata));
}

/** The result of reading a flatbuffer, or undefined where it is damaged. */
function tried<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof BadFlatbuffer) return undefined;
    throw error;
  }
}

function decode(metadata: Uint8Array): MessageInfo | undefined {
  const message = FlatTable.root(metadata);
  const kind = KINDS[message.int8(MESSAGE.headerType)];
  const header = message.table(MESSAGE.header);
  const bodyBytes = message.count64(MESSAGE.bodyLength);
  if (kind === undefined || header === undefined || bodyBytes % 8 !== 0) return undefined;
  if (kind === 'schema' && bodyBytes > 0) return undefined;
  const { pairs, valueAt } =
    kind === 'schema' ? readPairs(header, SCHEMA.metadata) : readPairs(message, MESSAGE.metadata);
  return {
    kind,
    bodyBytes,
    pairs,
    valueAt,
    columns: kind === 'schema' ? readColumns(header) : [],
    rows: kind === 'batch' ? header.count64(BATCH.length) : 0,
    layout: (widths) =>
      kind === 'batch' ? tried(() => readLayout(header, bodyBytes, widths)) : undefined,
  };
}

type Pairs = Pick<MessageInfo, 'pairs' | 'valueAt'>;

function readPairs(table: FlatTable, slot: number): Pairs {
  const pairs = new Map<string, string>();
  const valueAt = new Map<string, number>();
  const vector = table.vector(slot, 4);
  if (vector.length > LIMIT) throw new BadFlatbuffer('too many key-value pairs');
  for (let i = 0; i < vector.length; i++) {
    const pair = table.element(vector, i);
    const key = pair.string(KEY_VALUE.key);
    pairs.set(key, pair.string(KEY_VALUE.value));
    valueAt.set(key, pair.vector(KEY_VALUE.value, 1).start);
  }
  return { pairs, valueAt };
}

/** The header's pairs and the columns from the schema copy in a sealed file's footer. */
export function readFooterPairs(footer: Uint8Array): ReadonlyMap<string, string> | undefined {
  const SCHEMA_SLOT = 1; // File.fbs: Footer.schema
  return tried(() => {
    const schema = FlatTable.root(footer).table(SCHEMA_SLOT);
    return schema === undefined ? undefined : readPairs(schema, SCHEMA.metadata).pairs;
  });
}

function readColumns(schema: FlatTable): readonly string[] {
  const vector = schema.vector(SCHEMA.fields, 4);
  if (vector.length > LIMIT) throw new BadFlatbuffer('too many columns');
  return Array.from({ length: vector.length }, (_, i) => {
    const field = schema.element(vector, i);
    const type = field.table(FIELD.type);
    const index = field.table(FIELD.dictionary)?.table(1);
    const nested = field.vector(FIELD.children, 4).length;
    return [
      field.string(FIELD.name),
      field.int8(FIELD.nullable),
      field.int8(FIELD.typeType),
      // Int: bit width and sign; FixedSizeBinary: byte width. Others have neither.
      type?.int32(0),
      type?.int8(1),
      index?.int32(0),
      nested,
    ].join(' ');
  });
}
