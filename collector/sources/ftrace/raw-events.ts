// Binary trace events to rows: one place for raw pages, trace.dat and perf.data, which hold the same bytes.
// Field offsets come from the format files; an event that is shorter than its format is damage.

import { ToolError } from '../../base/index.ts';
import { PAGES_PER_HIGH_WORD } from '../../decoders/columns.ts';
import type { EventFormat, FieldFormat } from './format-file.ts';
import {
  EVENT_ROLES,
  GUEST_EVENTS_NEEDED,
  ROLE,
  type GuestEvents,
  type Role,
} from './guest-events.ts';

/** Event ids are 16 bits. */
const IDS = 65_536;

/** Where one event's data lie. */
export interface EventBytes {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  readonly data: number;
  readonly dataEnd: number;
}

interface QiFields {
  readonly words: readonly number[];
  readonly iommu: number;
  readonly bytes: number;
}

interface UnmapFields {
  readonly iova: FieldFormat;
  readonly size: FieldFormat;
  readonly unmapped: FieldFormat;
  readonly bytes: number;
}

/** The formats that matter here, by event id. `name` is the input's, for errors. */
export class RawEvents {
  /** Names of the known events, for the story. */
  readonly names: readonly string[];
  readonly #roles = new Uint8Array(IDS);
  readonly #events: GuestEvents;
  readonly #little: boolean;
  readonly #qi: QiFields | undefined;
  readonly #unmap: UnmapFields | undefined;
  readonly #lower = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };
  readonly #upper = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };

  constructor(
    events: GuestEvents,
    formats: readonly EventFormat[],
    options: { readonly name: string; readonly little: boolean },
  ) {
    this.#events = events;
    this.#little = options.little;
    const known = formats.filter((format) => roleOf(format.name) !== ROLE.none);
    for (const format of known) {
      if (format.id >= IDS)
        throw new ToolError('E_FORMAT', `${options.name}: event id ${format.id} is impossible`);
      this.#roles[format.id] = roleOf(format.name);
    }
    const find = (name: string): EventFormat | undefined =>
      known.find((format) => format.name === name);
    this.#qi = qiFields(find('qi_submit'), options.name);
    this.#unmap = unmapFields(find('unmap'), options.name);
    this.names = known.map((format) => format.name).sort();
    if (this.#qi === undefined && this.#unmap === undefined) {
      throw new ToolError(
        'E_EMPTY',
        `${options.name}: has neither the format of qi_submit nor that of iommu's unmap${this.names.length === 0 ? '' : ` (only ${this.names.join(', ')})`}; nothing was written`,
        { hint: GUEST_EVENTS_NEEDED },
      );
    }
  }

  /** What the event whose data start at `at` is. */
  role(view: DataView, at: number): Role {
    return this.#roles[view.getUint16(at, this.#little)] as Role; // the table is filled from roles
  }

  /** Makes the row of a qi_submit or unmap event. False where the event is shorter than its format. */
  take(role: Role, event: EventBytes, time: number, cpu: number): boolean {
    if (role === ROLE.qiSubmit && this.#qi !== undefined)
      return this.#qiSubmit(this.#qi, event, time, cpu);
    if (role === ROLE.unmap && this.#unmap !== undefined)
      return this.#unmapped(this.#unmap, event, time, cpu);
    return false;
  }

  #qiSubmit(fields: QiFields, event: EventBytes, time: number, cpu: number): boolean {
    const { view, bytes, data: at, dataEnd: end } = event;
    if (end - at < fields.bytes) return false;
    const little = this.#little;
    const { words } = fields;
    const lower = this.#lower;
    const upper = this.#upper;
    const lo = little ? 0 : 4;
    const hi = 4 - lo;
    lower.q0lo = view.getUint32(at + words[0] + lo, little);
    lower.q0hi = view.getUint32(at + words[0] + hi, little);
    lower.q1lo = view.getUint32(at + words[1] + lo, little);
    lower.q1hi = view.getUint32(at + words[1] + hi, little);
    upper.q0lo = view.getUint32(at + words[2] + lo, little);
    upper.q0hi = view.getUint32(at + words[2] + hi, little);
    upper.q1lo = view.getUint32(at + words[3] + lo, little);
    upper.q1hi = view.getUint32(at + words[3] + hi, little);
    // __data_loc: offset from the event's start below, length with the closing NUL above.
    const location = view.getUint32(at + fields.iommu, little);
    const nameAt = at + (location & 0xffff);
    const nameEnd = nameAt + (location >>> 16) - 1;
    if (nameEnd <= nameAt || nameEnd >= end) return false;
    const stream = this.#events.iommu(bytes, nameAt, nameEnd);
    if (stream < 0) return false;
    this.#events.qiSubmit(time, cpu, stream, lower, upper);
    return true;
  }

  #unmapped(fields: UnmapFields, event: EventBytes, time: number, cpu: number): boolean {
    const { view, data: at, dataEnd: end } = event;
    if (end - at < fields.bytes) return false;
    const page = Math.floor(this.#integer(view, at, fields.iova) / 4096);
    const size = this.#integer(view, at, fields.size);
    const unmapped = this.#integer(view, at, fields.unmapped);
    const bytes = unmapped === 0 ? size : unmapped;
    this.#events.unmap(
      time,
      cpu,
      page,
      Math.min(PAGES_PER_HIGH_WORD * 2 ** 32, Math.max(1, Math.ceil(bytes / 4096))),
    );
    return true;
  }

  /** 4 or 8 bytes; above 2^53 the low bits round, which are those below the page. */
  #integer(view: DataView, at: number, field: FieldFormat): number {
    const start = at + field.offset;
    if (field.size === 4) return view.getUint32(start, this.#little);
    const first = view.getUint32(start, this.#little);
    const second = view.getUint32(start + 4, this.#little);
    const high = this.#little ? second : first;
    const low = this.#little ? first : second;
    // Rounded down to the page where the whole is not exact.
    return high * 0x1_0000_0000 + (high >= 0x20_0000 ? low - (low % 4096) : low);
  }
}

function roleOf(name: string): Role {
  return EVENT_ROLES.find((entry) => entry.name === name)?.role ?? ROLE.none;
}

function qiFields(format: EventFormat | undefined, name: string): QiFields | undefined {
  if (format === undefined) return undefined;
  const words = ['qw0', 'qw1', 'qw2', 'qw3'].map(
    (field) => fieldOf(format, field, [8], name).offset,
  );
  const iommu = fieldOf(format, 'iommu', [4], name).offset;
  return { words, iommu, bytes: Math.max(...words.map((at) => at + 8), iommu + 4) };
}

function unmapFields(format: EventFormat | undefined, name: string): UnmapFields | undefined {
  if (format === undefined) return undefined;
  const iova = fieldOf(format, 'iova', [4, 8], name);
  const size = fieldOf(format, 'size', [4, 8], name);
  const unmapped = fieldOf(format, 'unmapped_size', [4, 8], name);
  const bytes = Math.max(...[iova, size, unmapped].map((field) => field.offset + field.size));
  return { iova, size, unmapped, bytes };
}

function fieldOf(
  format: EventFormat,
  field: string,
  sizes: readonly number[],
  name: string,
): FieldFormat {
  const found = format.fields.get(field);
  if (found === undefined || !sizes.includes(found.size)) {
    throw new ToolError(
      'E_FORMAT',
      `${name}: its format of ${format.name} has no field ${field} of ${sizes.join(' or ')} bytes`,
      {
        hint: 'the kernel that wrote it is not one that is known here; please report its format file',
      },
    );
  }
  return found;
}
