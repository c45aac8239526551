// Loads programs of a compiled object into the kernel, each with the maps it names, attaches them, and undoes
// all of it. A killed process leaves nothing: the kernel ends what nobody holds open.

import { closeSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { tracefsRoot } from '../ftrace/instance.ts';
import { PROG_TYPE, attachPerfEvent, createMap, loadProgram, type MapShape } from './kernel.ts';
import type { BpfObject, BpfProgram } from './object.ts';

const PERF_TYPE_TRACEPOINT = 2;
const PMU = '/sys/bus/event_source/devices/uprobe';
/** Bits of a uprobe's perf event that hold the semaphore's offset in the file. */
const SEMAPHORE_SHIFT = 32n;
/** In an instruction that loads 64 bits: the immediate is a map's descriptor. */
const PSEUDO_MAP_FD = 1;
const SOURCE_REGISTER_SHIFT = 4;

/** Where in a binary a uprobe goes. */
export interface ProbePlace {
  readonly path: string;
  /** In the file, bytes. */
  readonly offset: bigint;
  /** Offset in the file of the counter that makes the probe live; 0 where it has none. */
  readonly semaphore: bigint;
  readonly pid: number;
}

export class Loaded {
  readonly #object: BpfObject;
  readonly #maps = new Map<string, number>();
  readonly #programs: number[] = [];
  readonly #events: number[] = [];
  readonly #shapes: ReadonlyMap<string, Partial<MapShape>>;

  /** `shapes` overrides what the object says of a map. */
  constructor(object: BpfObject, shapes: Readonly<Record<string, Partial<MapShape>>> = {}) {
    this.#object = object;
    this.#shapes = new Map(Object.entries(shapes));
  }

  shape(map: string): MapShape {
    const shape = this.#object.maps.get(map);
    if (shape === undefined) throw new Error(`the BPF object has no map '${map}'`);
    return { ...shape, ...this.#shapes.get(map) };
  }

  /** The descriptor of a map that all programs share. Throws KernelError. */
  map(name: string): number {
    const known = this.#maps.get(name);
    if (known !== undefined) return known;
    const fd = createMap(name, this.shape(name));
    this.#maps.set(name, fd);
    return fd;
  }

  /** Loads a program; maps in `own` are its alone. Returns its descriptor. Throws KernelError. */
  program(name: string, own: Readonly<Record<string, number>> = {}): number {
    const program = this.#object.programs.find((each) => each.name === name);
    if (program === undefined) throw new Error(`the BPF object has no program '${name}'`);
    const code = Uint8Array.from(program.code);
    const view = new DataView(code.buffer);
    for (const { at, name: map } of program.maps) {
      code[at + 1] = (code[at + 1] & 15) | (PSEUDO_MAP_FD << SOURCE_REGISTER_SHIFT);
      view.setInt32(at + 4, own[map] ?? this.map(map), true);
    }
    const fd = loadProgram(name, {
      type: program.section.startsWith('tracepoint/') ? PROG_TYPE.tracepoint : PROG_TYPE.kprobe,
      code,
      license: this.#object.license,
    });
    this.#programs.push(fd);
    return fd;
  }

  /** A map of one program's own. Closed with the rest. Throws KernelError. */
  ownMap(name: string): number {
    const fd = createMap(name, this.shape(name));
    this.#programs.push(fd);
    return fd;
  }

  /** Loads and attaches every program of a tracepoint. Throws KernelError. */
  attachTracepoints(): void {
    for (const program of this.#object.programs) {
      const event = tracepointOf(program);
      if (event === undefined) continue;
      const id = readFileSync(join(tracefsRoot(), 'events', event, 'id'), 'latin1');
      const type = PERF_TYPE_TRACEPOINT;
      this.#events.push(
        attachPerfEvent({ type, config: BigInt(id.trim()), pid: -1 }, this.program(program.name)),
      );
    }
  }

  /** Has a loaded program run at a place in a binary. Throws KernelError. */
  attachProbe(program: number, { path, offset, semaphore, pid }: ProbePlace): void {
    const type = Number(readFileSync(join(PMU, 'type'), 'latin1'));
    const config = semaphore << SEMAPHORE_SHIFT;
    this.#events.push(attachPerfEvent({ type, config, path, offset, pid }, program));
  }

  /** Programs run no more; what they put into maps is still there. */
  detach(): void {
    for (const fd of this.#events.splice(0)) closeSync(fd);
  }

  close(): void {
    this.detach();
    for (const fd of [...this.#programs.splice(0), ...this.#maps.values()]) closeSync(fd);
    this.#maps.clear();
  }
}

/** `syscalls/sys_enter_ioctl` of a program that goes there. */
function tracepointOf({ section }: BpfProgram): string | undefined {
  return /^tracepoint\/(.+)$/.exec(section)?.[1];
}
