// The system calls that load and attach BPF programs, through koffi. Owns nothing: each function hands a file
// descriptor back or throws a KernelError with the errno. No library stands between us and bpf(2).

import koffi from 'koffi';

const NUMBERS: Readonly<Record<string, { readonly bpf: number; readonly perfEventOpen: number }>> =
  {
    x64: { bpf: 321, perfEventOpen: 298 },
    arm64: { bpf: 280, perfEventOpen: 241 },
  };

/** Commands of bpf(2), include/uapi/linux/bpf.h. */
const BPF = { mapCreate: 0, lookup: 1, update: 2, delete: 3, progLoad: 5 } as const;

export const PROG_TYPE = { kprobe: 2, tracepoint: 5 } as const;

const PERF_EVENT_IOC_ENABLE = 0x2400;
const PERF_EVENT_IOC_SET_BPF = 0x4004_2408;
const PERF_FLAG_FD_CLOEXEC = 8;
const PERF_ATTR_BYTES = 72;
const NAME_BYTES = 16;
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;

export class KernelError extends Error {
  readonly errno: number;
  /** What the kernel's verifier said, where it did. */
  readonly log: string;

  constructor(what: string, errno: number, log = '') {
    super(`${what}: errno ${errno}`);
    this.errno = errno;
    this.log = log;
  }
}

const libc = koffi.load('libc.so.6');
const syscall = libc.func(
  'long syscall(long number, size_t a, size_t b, size_t c, size_t d, size_t e)',
) as (...args: (number | bigint)[]) => number;
const ioctl = libc.func('int ioctl(int fd, size_t request, size_t argument)') as (
  fd: number,
  request: number,
  argument: number,
) => number;
const mmapCall = libc.func(
  'void *mmap(void *at, size_t bytes, int prot, int flags, int fd, size_t offset)',
) as (...args: (number | null)[]) => unknown;
const munmapCall = libc.func('int munmap(void *at, size_t bytes)') as (
  at: unknown,
  bytes: number,
) => number;

const sysconf = libc.func('long sysconf(int name)') as (name: number) => number;
const SC_PAGESIZE = 30;

/** Bytes of a page of this kernel's: 4 KiB, or 16 or 64 on arm64. */
export const kernelPageBytes = (): number => sysconf(SC_PAGESIZE);

function call(what: keyof (typeof NUMBERS)[string], ...args: (number | bigint)[]): number {
  const numbers = NUMBERS[process.arch];
  if (numbers === undefined) throw new KernelError(`no system calls known of ${process.arch}`, 38);
  const padded = [...args, 0, 0, 0, 0, 0].slice(0, 5);
  return syscall(numbers[what], ...padded);
}

const clockGettime = libc.func('int clock_gettime(int clock, size_t timespec)') as (
  clock: number,
  timespec: bigint,
) => number;

/** CLOCK_BOOTTIME goes on while the machine is suspended. */
export const CLOCK = { realtime: 0, boot: 7 } as const;

/** A clock's time, ns. */
export function clockNs(clock: number): bigint {
  const time = fixed(16);
  clockGettime(clock, time.at);
  return time.view.getBigInt64(0, true) * 1_000_000_000n + time.view.getBigInt64(8, true);
}

/** Wall clock less boot clock, ns. */
export const wallOffsetNs = (): bigint => clockNs(CLOCK.realtime) - clockNs(CLOCK.boot);

/** A buffer that stays where it is, with its address. */
function fixed(bytes: number): {
  readonly bytes: Buffer;
  readonly view: DataView;
  readonly at: bigint;
} {
  const memory = new Uint8Array(new SharedArrayBuffer(bytes));
  return {
    bytes: Buffer.from(memory.buffer),
    view: new DataView(memory.buffer),
    at: koffi.address(memory),
  };
}

function fixedCopy(from: Uint8Array): { readonly bytes: Buffer; readonly at: bigint } {
  const copy = fixed(Math.max(1, from.length));
  copy.bytes.set(from);
  return copy;
}

function bpf(command: number, attr: { readonly bytes: Buffer; readonly at: bigint }): number {
  return call('bpf', command, attr.at, attr.bytes.length);
}

export interface MapShape {
  readonly type: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly entries: number;
}

/** Makes a map. Throws KernelError. */
export function createMap(name: string, shape: MapShape): number {
  const attr = fixed(44);
  attr.view.setUint32(0, shape.type, true);
  attr.view.setUint32(4, shape.keyBytes, true);
  attr.view.setUint32(8, shape.valueBytes, true);
  attr.view.setUint32(12, shape.entries, true);
  attr.bytes.write(name.slice(0, NAME_BYTES - 1), 28, 'latin1');
  const fd = bpf(BPF.mapCreate, attr);
  if (fd < 0) throw new KernelError(`BPF map '${name}'`, koffi.errno());
  return fd;
}

/** Loads a program; on refusal again with the verifier's log. Throws KernelError. */
export function loadProgram(
  name: string,
  program: { readonly type: number; readonly code: Uint8Array; readonly license: string },
): number {
  const code = fixedCopy(program.code);
  const license = fixedCopy(Buffer.from(`${program.license}\0`, 'latin1'));
  const attr = fixed(64);
  attr.view.setUint32(0, program.type, true);
  attr.view.setUint32(4, program.code.length / 8, true);
  attr.view.setBigUint64(8, code.at, true);
  attr.view.setBigUint64(16, license.at, true);
  attr.bytes.write(name.slice(0, NAME_BYTES - 1), 48, 'latin1');
  const fd = bpf(BPF.progLoad, attr);
  if (fd >= 0) return fd;
  const errno = koffi.errno();
  const log = fixed(1 << 20);
  attr.view.setUint32(24, 1, true);
  attr.view.setUint32(28, log.bytes.length, true);
  attr.view.setBigUint64(32, log.at, true);
  const again = bpf(BPF.progLoad, attr);
  if (again >= 0) return again;
  const said = log.bytes.toString('latin1', 0, Math.max(0, log.bytes.indexOf(0)));
  throw new KernelError(`BPF program '${name}'`, errno, said.trimEnd());
}

/** One element of a map by a 32-bit key. */
export class MapElement {
  readonly value: Buffer;
  readonly #attr;
  readonly #key;
  readonly #value;

  constructor(fd: number, valueBytes: number) {
    this.#attr = fixed(32);
    this.#key = fixed(4);
    this.#value = fixed(valueBytes);
    this.value = this.#value.bytes;
    this.#attr.view.setUint32(0, fd, true);
    this.#attr.view.setBigUint64(8, this.#key.at, true);
    this.#attr.view.setBigUint64(16, this.#value.at, true);
  }

  /** Reads the element at `key` into `value`. Throws KernelError. */
  read(key: number): Buffer {
    this.#run('lookup', key);
    return this.value;
  }

  /** Writes `value` to the element at `key`. Throws KernelError. */
  write(key: number): void {
    this.#run('update', key);
  }

  remove(key: number): void {
    this.#run('delete', key);
  }

  #run(what: 'lookup' | 'update' | 'delete', key: number): void {
    this.#key.view.setUint32(0, key, true);
    if (bpf(BPF[what], this.#attr) < 0) throw new KernelError(`map ${what}`, koffi.errno());
  }
}

export interface PerfEvent {
  readonly type: number;
  readonly config: bigint;
  /** A path, and an offset in it, for uprobes. */
  readonly path?: string;
  readonly offset?: bigint;
  readonly pid: number;
}

/** Opens a perf event and has it run the program. Closing the descriptor ends it. Throws KernelError. */
export function attachPerfEvent(event: PerfEvent, program: number): number {
  const attr = fixed(PERF_ATTR_BYTES);
  const path = fixedCopy(Buffer.from(`${event.path ?? ''}\0`, 'utf8'));
  attr.view.setUint32(0, event.type, true);
  attr.view.setUint32(4, PERF_ATTR_BYTES, true);
  attr.view.setBigUint64(8, event.config, true);
  attr.view.setBigUint64(16, 1n, true);
  if (event.path !== undefined) attr.view.setBigUint64(56, path.at, true);
  attr.view.setBigUint64(64, event.offset ?? 0n, true);
  attr.view.setUint32(48, 1, true);
  const cpu = event.pid < 0 ? 0 : -1;
  const signed = (value: number): bigint => BigInt.asUintN(64, BigInt(value));
  const fd = call(
    'perfEventOpen',
    attr.at,
    signed(event.pid),
    signed(cpu),
    signed(-1),
    PERF_FLAG_FD_CLOEXEC,
  );
  if (fd < 0) throw new KernelError('perf_event_open', koffi.errno());
  if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) < 0) {
    throw new KernelError('PERF_EVENT_IOC_SET_BPF', koffi.errno());
  }
  if (ioctl(fd, PERF_EVENT_IOC_ENABLE, 0) < 0) {
    throw new KernelError('PERF_EVENT_IOC_ENABLE', koffi.errno());
  }
  return fd;
}

/** Memory of a descriptor, shared with the kernel. Throws KernelError. */
export class Mapping {
  readonly memory: ArrayBuffer;
  readonly #at: unknown;

  constructor(
    fd: number,
    { bytes, offset, isWritable }: { bytes: number; offset: number; isWritable: boolean },
  ) {
    const prot = isWritable ? PROT_READ | PROT_WRITE : PROT_READ;
    this.#at = mmapCall(null, bytes, prot, MAP_SHARED, fd, offset);
    if (koffi.address(this.#at) === 0xffff_ffff_ffff_ffffn) {
      throw new KernelError('mmap', koffi.errno());
    }
    this.memory = koffi.view(this.#at, bytes);
  }

  /** Nobody may look at `memory` afterwards. */
  unmap(): void {
    munmapCall(this.#at, this.memory.byteLength);
  }
}
