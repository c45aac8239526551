// Events at a rate that a test chooses, on a host without VT-d: a uprobe that is called intel_iommu/qi_submit
// and has its fields, on a loop of our own in machine code. The kernel writes them as it writes any event.

import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import koffi from 'koffi';

const ROOT = '/sys/kernel/tracing';
const DYNAMIC = join(ROOT, 'dynamic_events');
const NAME = 'intel_iommu/qi_submit';
/** A page-selective IOTLB descriptor of domain 16. */
const LOWER_WORD = 0x100032;
/** 5-byte nop, where the probe sits; add $4096,%rsi; dec %rdx; jnz back to the nop; ret. */
const LOOP = Buffer.from('0f1f4400004881c60010000048ffca75efc3', 'hex');
const PROT_READ_EXEC = 5;
const MAP_PRIVATE = 2;

type QiLoop = (low: number, high: number, count: number, iommu: string, zero: number) => void;

/** Why events cannot be made here; false where they can. */
export function cannotEmit(): string | false {
  if (process.arch !== 'x64') return 'the loop of machine code is for x86-64';
  if (!existsSync(join(ROOT, 'uprobe_events'))) {
    return 'no tracefs for this user, or a kernel without uprobes';
  }
  const isOurs = readFileSync(DYNAMIC, 'latin1').includes(NAME);
  const isThere = existsSync(join(ROOT, 'events', NAME));
  return isThere && !isOurs ? 'this kernel has the real intel_iommu:qi_submit' : false;
}

export class QiEvents {
  readonly #folder = mkdtempSync(join(tmpdir(), 'iotlb-qi-'));
  readonly #loop: QiLoop;
  #nextPage = 1;

  constructor() {
    const file = join(this.#folder, 'loop');
    writeFileSync(file, LOOP);
    this.#loop = mapLoop(file);
    if (readFileSync(DYNAMIC, 'latin1').includes(NAME)) removeProbe(); // of a test that was killed
    const fields = 'qw0=%di:u64 qw1=%si:u64 qw2=%r8:u64 qw3=%r8:u64 iommu=+0(%cx):ustring';
    appendFileSync(DYNAMIC, `p:${NAME} ${file}:0x0 ${fields}\n`);
  }

  /** So many events; each is for the page after the one before, the first for page 1. */
  emit(count: number): void {
    if (count <= 0) return; // the loop counts down to zero
    this.#loop(LOWER_WORD, this.#nextPage * 4096, count, 'dmar0', 0);
    this.#nextPage += count;
  }

  get emitted(): number {
    return this.#nextPage - 1;
  }

  /** Whoever listens must have ended. */
  [Symbol.dispose](): void {
    removeProbe();
    rmSync(this.#folder, { recursive: true });
  }
}

/** The instance through which the recorder `pid` listens by now. */
export function listeningInstance(pid: number | undefined): string | undefined {
  const instances = join(ROOT, 'instances');
  const name = readdirSync(instances).find((each) => each.startsWith(`iotlb-${pid}-`));
  if (name === undefined) return undefined;
  // Its files come one by one, and tracing is switched on last.
  const on = join(instances, name, 'tracing_on');
  const last = join(instances, name, 'events/iommu/map/enable');
  const isListening = [on, last].every(
    (file) => existsSync(file) && readFileSync(file, 'latin1').startsWith('1'),
  );
  return isListening ? join(instances, name) : undefined;
}

function removeProbe(): void {
  appendFileSync(DYNAMIC, `-:${NAME}\n`); // opened for writing from the start, it would drop all probes
}

function mapLoop(file: string): QiLoop {
  const libc = koffi.load('libc.so.6');
  const mmap = libc.func(
    'void *mmap(void *at, size_t length, int protection, int flags, int fd, long offset)',
  );
  const fd = openSync(file, 'r');
  try {
    const code: unknown = mmap(null, LOOP.length, PROT_READ_EXEC, MAP_PRIVATE, fd, 0);
    const type = koffi.proto(
      'void (uint64 low, uint64 high, uint64 count, const char *iommu, uint64 zero)',
    );
    return koffi.decode(code, type) as QiLoop;
  } finally {
    closeSync(fd);
  }
}
