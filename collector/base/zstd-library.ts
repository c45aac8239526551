// zstd as WebAssembly, loaded when it is first used. The library only offers to load while others wait;
// its own files are asked for instead, so that a file can be read from start to end without a promise.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import type * as Library from '@bokuweb/zstd-wasm';

type ZstdLibrary = Pick<typeof Library, 'compress' | 'decompress'>;

/** The parts of WebAssembly that this needs; Node's types leave it to those of browsers. */
interface Wasm {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => object;
}

/** What stands between the library and its WebAssembly, as Emscripten makes it. */
interface Glue {
  instantiateWasm: (imports: object, done: (instance: object) => void) => void;
  readonly init: () => void;
}

const PACKAGE = '@bokuweb/zstd-wasm';

let loaded: ZstdLibrary | undefined;

export function zstdLibrary(): ZstdLibrary {
  loaded ??= load();
  return loaded;
}

function load(): ZstdLibrary {
  const fromHere = createRequire(import.meta.url);
  const folder = dirname(fromHere.resolve(PACKAGE));
  const { Module: glue } = fromHere(join(folder, 'zstd.js')) as { readonly Module: Glue };
  const { WebAssembly: wasm } = globalThis as unknown as { readonly WebAssembly: Wasm };
  const code = new wasm.Module(readFileSync(join(folder, 'zstd.wasm')));
  glue.instantiateWasm = (imports, done) => done(new wasm.Instance(code, imports));
  glue.init();
  return fromHere(PACKAGE) as ZstdLibrary;
}
