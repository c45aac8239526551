// The kernel's own description of its trace data: `events/…/format`, `header_page`, `header_event` (spec
// 6.1, 6.4). Offsets and sizes are always taken from these, never assumed.

import { ToolError } from '../../base/index.ts';

export interface FieldFormat {
  readonly offset: number;
  readonly size: number;
}

export interface EventFormat {
  readonly name: string;
  readonly id: number;
  readonly fields: ReadonlyMap<string, FieldFormat>;
}

/** Where a ring-buffer page keeps what. */
export interface PageLayout {
  readonly pageBytes: number;
  readonly commitOffset: number;
  readonly commitBytes: number;
  readonly dataOffset: number;
}

/** Sub-buffers up to this size exist (`buffer_subbuf_size_kb`); a larger one is a damaged header. */
const PAGE_LIMIT_BYTES = 1024 * 1024;

const FIELD = /field:([^;]*);\s*offset:(\d+);\s*size:(\d+);/g;

/** Parses a `format` file; undefined where the text is not one. */
export function parseEventFormat(text: string): EventFormat | undefined {
  const name = /^name: (\S+)$/m.exec(text)?.[1];
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (name === undefined || id === undefined) return undefined;
  return { name, id: Number(id), fields: fieldsOf(text) };
}

/** Parses `header_page`. Throws ToolError where it is not one. */
export function parsePageLayout(text: string, name: string): PageLayout {
  const fields = fieldsOf(text);
  const commit = fields.get('commit');
  const data = fields.get('data');
  const pageBytes = (data?.offset ?? 0) + (data?.size ?? 0);
  const isSound =
    commit !== undefined &&
    data !== undefined &&
    (commit.size === 4 || commit.size === 8) &&
    commit.offset >= 8 &&
    data.offset >= commit.offset + commit.size &&
    data.offset % 4 === 0 &&
    pageBytes % 4 === 0 &&
    pageBytes <= PAGE_LIMIT_BYTES;
  if (!isSound)
    throw new ToolError('E_FORMAT', `${name}: its header_page does not describe a page`);
  return {
    pageBytes,
    commitOffset: commit.offset,
    commitBytes: commit.size,
    dataOffset: data.offset,
  };
}

/** Fields by name; a type such as `__data_loc char[] iommu` or `char comm[16]` ends with its name. */
function fieldsOf(text: string): ReadonlyMap<string, FieldFormat> {
  const fields = new Map<string, FieldFormat>();
  for (const [, declaration, offset, size] of text.matchAll(FIELD)) {
    const name = /(\w+)(?:\[\w*\])*$/.exec(declaration.trim())?.[1];
    if (name !== undefined && !fields.has(name)) {
      fields.set(name, { offset: Number(offset), size: Number(size) });
    }
  }
  return fields;
}
