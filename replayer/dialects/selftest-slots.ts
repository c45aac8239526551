// Which of the iommufd mock's four slots a request is taken to mean: its pages modulo four. A stand-in for
// tests only, chosen so that neighbouring pages are told apart; it says nothing about any hardware.

import type { StepBatch } from '../steps/step-batch.ts';
import type { Dialect } from './dialect.ts';
import { isRanged } from './ranges.ts';
import { leftOut, refuseBy, widened, type Carries } from './carriage.ts';

const SELFTEST_DATA = 0xdeadbeef;

export const MOCK_SLOTS = 4;
/** The flag that means all slots. */
export const ALL_SLOTS = 1;

/** Slots of entry `entry`, one command each; 0 where one command names all. */
export function slotCount(steps: StepBatch, entry: number): number {
  return isRanged(steps, entry) && steps.pages[entry] < MOCK_SLOTS ? steps.pages[entry] : 0;
}

/** The `i`-th slot of the entry. */
export function slotOf(steps: StepBatch, entry: number, i: number): number {
  return (steps.page[entry] + i) % MOCK_SLOTS;
}

const NO_SUCH_CACHE = 'the mock has no such cache';

const carries: Carries = {
  iotlb: widened('pages modulo four; from four pages on, all slots'),
  'device-tlb': leftOut(NO_SUCH_CACHE),
  'pasid-cache': leftOut(NO_SUCH_CACHE),
  'context-cache': leftOut(NO_SUCH_CACHE),
  'interrupt-entry-cache': leftOut(NO_SUCH_CACHE),
  unmap: leftOut('the mock keeps no mappings'),
  other: leftOut('not an invalidation that is known'),
};

/** What the mock's HWPT and vIOMMU have in common. */
export const selftest = {
  serves: 'domain' as const,
  form: { kind: 'array', dataType: SELFTEST_DATA },
  readsWords: false,
  carries,
  refuse: refuseBy(carries),
  hardwareWaits: () => 0,
  commandsOf: (steps, entry) => Math.max(1, slotCount(steps, entry)),
} as const satisfies Partial<Dialect>;
