// A plan as calls of whatever form its dialect has, on a descriptor with nothing behind it. For the issuers
// that reach no IOMMU: the bytes and the number of system calls are those of the real one.

import { ALL_PAGES } from '../../collector/model/index.ts';
import { dialects, type Dialect } from '../dialects/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { hwptCalls } from './hwpt-calls.ts';
import type { CallProgram } from './call-program.ts';
import { IovaPlacer } from './iova-windows.ts';
import { structCalls } from './struct-calls.ts';
import { MappedMemory, UnmapCounts, unmapCalls } from './unmap-calls.ts';
import { ioasShape } from './unmap-shapes.ts';

const OBJECT = 1;
const TARGETS = [OBJECT] as const;

export const anyDialect: readonly string[] = dialects.names;

export function anyCalls(fd: number, steps: StepBatch, dialect: Dialect): CallProgram {
  switch (dialect.form.kind) {
    case 'array':
      return hwptCalls(fd, steps, dialect, () => TARGETS);
    case 'struct':
      return structCalls(fd, steps, dialect);
    case 'map-unmap':
      return unmapCalls(fd, steps, dialect, {
        shape: ioasShape(OBJECT),
        memory: new MappedMemory(),
        placer: new IovaPlacer([{ first: 0, end: ALL_PAGES }]),
        counts: new UnmapCounts(),
      });
  }
}
