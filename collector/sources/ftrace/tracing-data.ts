// The header parts that trace.dat (versions 6 and 7) and perf.data's tracing data share: page layout and the
// format files of the kernel that wrote them (spec 6.5). Only the formats that matter are kept.

import type { FieldReader } from '../../base/index.ts';
import {
  parseEventFormat,
  parsePageLayout,
  type EventFormat,
  type PageLayout,
} from './format-file.ts';
import { EVENT_ROLES } from './guest-events.ts';

/** A header text or format file is a few KiB; a longer one is stepped over. */
const TEXT_LIMIT_BYTES = 256 * 1024;
const SYSTEMS = new Set(EVENT_ROLES.map((entry) => entry.system));

/** `header_page\0` u64 length, text; `header_event\0` u64 length, text. */
export function readPageHeaders(reader: FieldReader, name: string): PageLayout {
  expectName(reader, 'header_page', name);
  const layout = parsePageLayout(readText(reader, reader.u64()), name);
  expectName(reader, 'header_event', name);
  reader.skip(reader.u64());
  return layout;
}

/** u32 count of ftrace's own formats, each u64 length and text: none of them matters here. */
export function skipFtraceFormats(reader: FieldReader): void {
  const count = reader.u32();
  for (let i = 0; i < count; i++) reader.skip(reader.u64());
}

/** u32 systems, each name\0 and u32 count of {u64 length, text}. */
export function readEventFormats(reader: FieldReader): readonly EventFormat[] {
  const formats: EventFormat[] = [];
  const systems = reader.u32();
  for (let i = 0; i < systems; i++) {
    const wanted = SYSTEMS.has(reader.text());
    const count = reader.u32();
    for (let j = 0; j < count; j++) {
      const length = reader.u64();
      const format = wanted ? parseEventFormat(readText(reader, length)) : undefined;
      if (!wanted) reader.skip(length);
      if (format !== undefined) formats.push(format);
    }
  }
  return formats;
}

function readText(reader: FieldReader, length: number): string {
  if (length > TEXT_LIMIT_BYTES) {
    reader.skip(length);
    return '';
  }
  return reader.string(length);
}

function expectName(reader: FieldReader, wanted: string, name: string): void {
  const found = reader.text();
  if (found !== wanted)
    throw new Error(`${name}: '${wanted}' expected, '${found.slice(0, 32)}' found`);
}
