// The static probes that a binary says it has: notes of section .note.stapsdt (provider, name, place, counter
// that makes it live, arguments), as systemtap's <sys/sdt.h> and its kin write them. Reads the file only.

import { closeSync, openSync, readSync, fstatSync } from 'node:fs';

const SECTION_HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
const HEADER_BYTES = 64;
const PT_LOAD = 1;
const NOTE_TYPE = 3;
const ELF_MAGIC = 0x7f45_4c46;
const MOST_BYTES = 64 * 1024 * 1024;

export interface StaticProbe {
  readonly provider: string;
  readonly name: string;
  /** In the file, bytes. */
  readonly offset: bigint;
  /** In the file; 0 where it has none. */
  readonly semaphore: bigint;
  /** As the note has it: `8@%rax -4@-12(%rbp)`. */
  readonly args: string;
}

interface Range {
  readonly address: bigint;
  readonly offset: bigint;
  readonly bytes: bigint;
}

/** The probes of the binary at `path`; none where it is no ELF file or has none. Throws what reading throws. */
export function staticProbes(path: string): readonly StaticProbe[] {
  const fd = openSync(path, 'r');
  try {
    return probesOf(new Elf(fd));
  } finally {
    closeSync(fd);
  }
}

function probesOf(elf: Elf): readonly StaticProbe[] {
  const notes = elf.section('.note.stapsdt');
  if (notes === undefined) return [];
  const base = elf.section('.stapsdt.base')?.address;
  const loads = elf.loads();
  const inFile = (address: bigint): bigint | undefined => {
    const load = loads.find(
      (each) => address >= each.address && address < each.address + each.bytes,
    );
    return load === undefined ? undefined : address - load.address + load.offset;
  };
  const bytes = elf.read(notes.offset, Number(notes.bytes));
  const found: StaticProbe[] = [];
  for (let at = 0; at + 12 <= bytes.length;) {
    const nameBytes = bytes.readUInt32LE(at);
    const descBytes = bytes.readUInt32LE(at + 4);
    const desc = at + 12 + align4(nameBytes);
    const end = desc + descBytes;
    if (end > bytes.length) break;
    if (bytes.readUInt32LE(at + 8) === NOTE_TYPE && descBytes >= 24) {
      // Where the binary was moved after it was linked, so was its base.
      const moved = base === undefined ? 0n : base - bytes.readBigUInt64LE(desc + 8);
      const semaphore = bytes.readBigUInt64LE(desc + 16);
      const [provider = '', name = '', args = ''] = bytes
        .toString('latin1', desc + 24, end)
        .split('\0');
      const offset = inFile(bytes.readBigUInt64LE(desc) + moved);
      const counter = semaphore === 0n ? 0n : inFile(semaphore + moved);
      if (offset !== undefined && counter !== undefined) {
        found.push({ provider, name, offset, semaphore: counter, args });
      }
    }
    at = align4(end);
  }
  return found;
}

class Elf {
  readonly #fd: number;
  readonly #size: number;
  readonly #sections: readonly (Range & { readonly name: string })[];
  readonly #header: Buffer;

  constructor(fd: number) {
    this.#fd = fd;
    this.#size = fstatSync(fd).size;
    this.#header = this.read(0n, HEADER_BYTES);
    this.#sections = this.#isElf() ? this.#readSections() : [];
  }

  section(name: string): Range | undefined {
    return this.#sections.find((each) => each.name === name);
  }

  loads(): readonly Range[] {
    const at = this.#header.readBigUInt64LE(32);
    const count = this.#header.readUInt16LE(56);
    const table = this.read(at, count * PROGRAM_HEADER_BYTES);
    return Array.from({ length: table.length / PROGRAM_HEADER_BYTES }, (_, i) => {
      const from = i * PROGRAM_HEADER_BYTES;
      return {
        isLoad: table.readUInt32LE(from) === PT_LOAD,
        offset: table.readBigUInt64LE(from + 8),
        address: table.readBigUInt64LE(from + 16),
        bytes: table.readBigUInt64LE(from + 32),
      };
    }).filter(({ isLoad }) => isLoad);
  }

  /** As many of the bytes as the file has. */
  read(offset: bigint, bytes: number): Buffer {
    const at = Number(offset);
    const room = Math.max(0, Math.min(bytes, this.#size - at, MOST_BYTES));
    const into = Buffer.alloc(room);
    return into.subarray(0, readSync(this.#fd, into, 0, room, at));
  }

  #isElf(): boolean {
    const header = this.#header;
    // 64 bits, little-endian: what our programs run on.
    return (
      header.length === HEADER_BYTES &&
      header.readUInt32BE(0) === ELF_MAGIC &&
      header[4] === 2 &&
      header[5] === 1
    );
  }

  #readSections(): readonly (Range & { readonly name: string })[] {
    const header = this.#header;
    const count = header.readUInt16LE(60);
    const table = this.read(header.readBigUInt64LE(40), count * SECTION_HEADER_BYTES);
    const raw = Array.from({ length: Math.floor(table.length / SECTION_HEADER_BYTES) }, (_, i) => {
      const from = i * SECTION_HEADER_BYTES;
      return {
        nameAt: table.readUInt32LE(from),
        address: table.readBigUInt64LE(from + 16),
        offset: table.readBigUInt64LE(from + 24),
        bytes: table.readBigUInt64LE(from + 32),
      };
    });
    const namesAt = raw.at(header.readUInt16LE(62));
    const names =
      namesAt === undefined ? Buffer.alloc(0) : this.read(namesAt.offset, Number(namesAt.bytes));
    return raw.map((section) => {
      const end = names.indexOf(0, section.nameAt);
      return {
        ...section,
        name: names.toString('latin1', section.nameAt, end < 0 ? undefined : end),
      };
    });
  }
}

const align4 = (value: number): number => (value + 3) & ~3;
