// Loads the native loop for this machine. Which file that is, and what to do where there is none.

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import koffi from 'koffi';

import { ToolError } from '../../../collector/base/index.ts';
import { LAYOUT_VERSION } from '../layout.ts';
import { PREBUILT } from '../prebuilt.ts';

/** Another build of it, such as one with sanitizers. */
const OVERRIDE = 'IOTLB_LOOP_LIBRARY';

/** Functions of the library. Addresses are plain numbers, below 2^53. */
export interface LoopLibrary {
  readonly run: (block: number) => number;
  readonly noise: (block: number) => number;
  /** 0 other, 1 FIFO, 2 DEADLINE. Returns 0 or the errno. */
  readonly setClass: (
    policy: number,
    priority: number,
    runtimeNs: number,
    periodNs: number,
  ) => number;
}

export function libraryPath(
  platform: string = process.platform,
  arch: string = process.arch,
): string {
  return process.env[OVERRIDE] ?? fileURLToPath(new URL(`${platform}-${arch}.so`, PREBUILT));
}

let opened: LoopLibrary | undefined;

/** Loads it once per thread. Throws ToolError that names the command which builds it. */
export function openLibrary(path: string = libraryPath()): LoopLibrary {
  opened ??= load(path);
  return opened;
}

function load(path: string): LoopLibrary {
  if (!existsSync(path)) throw unusable(path, 'there is no such file');
  let library;
  try {
    library = koffi.load(path);
  } catch (error) {
    throw unusable(path, error instanceof Error ? error.message : String(error));
  }
  const version = (library.func('uint32_t iotlb_layout_version()') as () => number)();
  if (version !== LAYOUT_VERSION)
    throw unusable(path, `it was built for layout ${version}, this needs ${LAYOUT_VERSION}`);
  return {
    run: library.func('int32_t iotlb_loop_run(size_t block)') as LoopLibrary['run'],
    noise: library.func('int32_t iotlb_noise(size_t block)') as LoopLibrary['noise'],
    setClass: library.func(
      'int32_t iotlb_set_class(int32_t policy, uint32_t priority, uint64_t runtime, uint64_t period)',
    ) as LoopLibrary['setClass'],
  };
}

function unusable(path: string, why: string): ToolError {
  return new ToolError(
    'E_NOT_SUPPORTED',
    `the native issue loop can't be loaded: ${path}: ${why}. Nothing was issued.`,
    { hint: 'build it for this machine with gcc: npm run build:native -- --here' },
  );
}
