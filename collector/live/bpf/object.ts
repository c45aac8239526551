// Reads a compiled BPF object: its programs, the maps they name, and where the code wants their descriptors.
// Knows ELF as far as clang writes it for BPF, and our own description of maps (programs/common.bpf.h).

import type { MapShape } from './kernel.ts';

const SECTION_BYTES = 64;
const SYMBOL_BYTES = 24;
const RELOCATION_BYTES = 16;
const SHT_SYMTAB = 2;
const SHT_REL = 9;
const STT_FUNC = 2;
/** The only relocation that clang makes for a map's address. */
const R_BPF_64_64 = 1;
const MAP_BYTES = 16;

export interface BpfProgram {
  readonly name: string;
  /** `tracepoint/CATEGORY/NAME`, `uprobe`, … */
  readonly section: string;
  readonly code: Uint8Array;
  /** Places in the code, in bytes, where a map's descriptor goes. */
  readonly maps: readonly { readonly at: number; readonly name: string }[];
}

export interface BpfObject {
  readonly license: string;
  readonly programs: readonly BpfProgram[];
  readonly maps: ReadonlyMap<string, MapShape>;
}

interface Section {
  readonly name: string;
  readonly type: number;
  readonly info: number;
  readonly link: number;
  readonly bytes: Uint8Array;
}

interface Symbol {
  readonly name: string;
  readonly type: number;
  readonly section: number;
  readonly value: number;
  readonly size: number;
}

/** Throws Error where the file is no object of ours. */
export function readObject(file: Uint8Array): BpfObject {
  const sections = sectionsOf(file);
  const symbols = symbolsOf(sections);
  const mapsAt = sections.findIndex(({ name }) => name === 'maps');
  const maps = new Map<string, MapShape>();
  for (const { name, section, value } of symbols) {
    if (section === mapsAt && name !== '') maps.set(name, mapShape(sections[mapsAt].bytes, value));
  }
  const programs = symbols
    .filter(({ type }) => type === STT_FUNC)
    .map((symbol) => programOf(symbol, sections, symbols));
  const license = sections.find(({ name }) => name === 'license')?.bytes ?? new Uint8Array(0);
  return { license: textOf(license, 0), programs, maps };
}

function programOf(
  { name, section, value, size }: Symbol,
  sections: readonly Section[],
  symbols: readonly Symbol[],
): BpfProgram {
  const relocations = sections.filter(({ type, info }) => type === SHT_REL && info === section);
  const maps = relocations.flatMap(({ bytes }) => {
    const view = viewOf(bytes);
    return Array.from({ length: bytes.length / RELOCATION_BYTES }, (_, i) => {
      const at = Number(view.getBigUint64(i * RELOCATION_BYTES, true)) - value;
      const type = view.getUint32(i * RELOCATION_BYTES + 8, true);
      const symbol = symbols[view.getUint32(i * RELOCATION_BYTES + 12, true)];
      if (type !== R_BPF_64_64) throw new Error(`relocation ${type} in ${name}`);
      return { at, name: symbol.name };
    });
  });
  const code = sections[section].bytes.subarray(value, value + size);
  return {
    name,
    section: sections[section].name,
    code,
    maps: maps.filter(({ at }) => at >= 0 && at < size),
  };
}

function sectionsOf(file: Uint8Array): readonly Section[] {
  const view = viewOf(file);
  const isBpf = file.length > SECTION_BYTES && view.getUint32(0, false) === 0x7f45_4c46;
  if (!isBpf || view.getUint16(18, true) !== 247) throw new Error('no BPF object');
  const table = Number(view.getBigUint64(40, true));
  const count = view.getUint16(60, true);
  const raw = Array.from({ length: count }, (_, i) => {
    const at = table + i * SECTION_BYTES;
    const from = Number(view.getBigUint64(at + 24, true));
    return {
      nameAt: view.getUint32(at, true),
      type: view.getUint32(at + 4, true),
      link: view.getUint32(at + 40, true),
      info: view.getUint32(at + 44, true),
      bytes: file.subarray(from, from + Number(view.getBigUint64(at + 32, true))),
    };
  });
  const names = raw[view.getUint16(62, true)].bytes;
  return raw.map((section) => ({ ...section, name: textOf(names, section.nameAt) }));
}

function symbolsOf(sections: readonly Section[]): readonly Symbol[] {
  const table = sections.find(({ type }) => type === SHT_SYMTAB);
  if (table === undefined) return [];
  const view = viewOf(table.bytes);
  const names = sections[table.link].bytes;
  return Array.from({ length: table.bytes.length / SYMBOL_BYTES }, (_, i) => {
    const at = i * SYMBOL_BYTES;
    return {
      name: textOf(names, view.getUint32(at, true)),
      type: view.getUint8(at + 4) & 15,
      section: view.getUint16(at + 6, true),
      value: Number(view.getBigUint64(at + 8, true)),
      size: Number(view.getBigUint64(at + 16, true)),
    };
  });
}

function mapShape(bytes: Uint8Array, at: number): MapShape {
  const view = viewOf(bytes.subarray(at, at + MAP_BYTES));
  return {
    type: view.getUint32(0, true),
    keyBytes: view.getUint32(4, true),
    valueBytes: view.getUint32(8, true),
    entries: view.getUint32(12, true),
  };
}

function textOf(bytes: Uint8Array, at: number): string {
  const end = bytes.indexOf(0, at);
  return Buffer.from(bytes.subarray(at, end < 0 ? undefined : end)).toString('latin1');
}

const viewOf = (bytes: Uint8Array): DataView =>
  new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
