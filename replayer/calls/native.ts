// The C library through koffi: the only file that declares native functions. Loaded per thread, and only
// by commands that replay or look at the host. Addresses and sizes are plain numbers (below 2^53).

import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

/** ioctl(fd, request, address). Returns -1 on failure; see `errno`. */
export const ioctl = libc.func('int ioctl(int fd, size_t request, size_t argument)') as (
  fd: number,
  request: number,
  argument: number,
) => number;

/** clock_gettime(clock, address of a timespec). */
export const clockGettime = libc.func('int clock_gettime(int clock, size_t timespec)') as (
  clock: number,
  timespec: number,
) => number;

/** clock_nanosleep(clock, flags, address of a timespec, 0). Returns an errno, not -1. */
export const clockNanosleep = libc.func(
  'int clock_nanosleep(int clock, int flags, size_t request, size_t remain)',
) as (clock: number, flags: number, request: number, remain: number) => number;

/** getrusage(who, address of a rusage). */
export const getrusage = libc.func('int getrusage(int who, size_t usage)') as (
  who: number,
  usage: number,
) => number;

export const mlock = libc.func('int mlock(size_t address, size_t length)') as (
  address: number,
  length: number,
) => number;

export const prctl = libc.func('int prctl(int option, size_t a, size_t b, size_t c, size_t d)') as (
  option: number,
  a: number,
  b: number,
  c: number,
  d: number,
) => number;

export const schedGetaffinity = libc.func(
  'int sched_getaffinity(int pid, size_t bytes, size_t mask)',
) as (pid: number, bytes: number, mask: number) => number;

export const schedSetaffinity = libc.func(
  'int sched_setaffinity(int pid, size_t bytes, size_t mask)',
) as (pid: number, bytes: number, mask: number) => number;

export const open = libc.func('int open(const char *path, int flags)') as (
  path: string,
  flags: number,
) => number;

export const close = libc.func('int close(int fd)') as (fd: number) => number;

const errnoLocation = libc.func('size_t __errno_location()') as () => number;
const errnoWord = new Int32Array(koffi.view(BigInt(errnoLocation()), 4));

/** errno of the last native call of this thread, read where the C library keeps it. */
export const errno = (): number => errnoWord[0];

/** Errno names by number, as the host's C library numbers them. */
export function errnoName(code: number): string {
  if (code === 0) return 'ok';
  for (const [name, value] of Object.entries(koffi.os.errno)) if (value === code) return name;
  return `errno ${code}`;
}

export const ERRNO: Readonly<Record<string, number>> = koffi.os.errno;

/** The bytes at an address, as they are. */
export function memoryAt(address: number, bytes: number): ArrayBuffer {
  return koffi.view(BigInt(address), bytes);
}

/** Where a typed array's memory is. It must not move: shared memory only. */
export function addressOf(array: ArrayBufferView): number {
  return Number(koffi.address(array));
}

export const CLOCK_MONOTONIC = 1;
export const TIMER_ABSTIME = 1;
export const PR_SET_TIMERSLACK = 29;
