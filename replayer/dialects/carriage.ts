// What a kernel interface does with each kind of request, said once per dialect: the refusals of planner and
// replay, the table in docs/dialects.md and the help come from it. There are no reasons shared by all dialects.

import { KIND, type EventBatch } from '../../collector/model/index.ts';

/** Kinds of rows that a guest asks for; a barrier is not asked for, it is waited for. */
export const REQUEST_KINDS = {
  iotlb: KIND.iotlb,
  'device-tlb': KIND.deviceTlb,
  'pasid-cache': KIND.pasidCache,
  'context-cache': KIND.contextCache,
  'interrupt-entry-cache': KIND.interruptEntryCache,
  unmap: KIND.unmap,
  other: KIND.other,
} as const;

export type RequestKind = keyof typeof REQUEST_KINDS;

/**
 * carried: as asked. widened: some of them become wider, and that is counted. narrowed: of some of them pages
 * are left out, and that is counted. left-out: never sent; the note says why, for this interface.
 */
export interface Carriage {
  readonly how: 'carried' | 'widened' | 'narrowed' | 'left-out';
  readonly note: string;
}

export type Carries = Readonly<Record<RequestKind, Carriage>>;

export const carried = (note: string): Carriage => ({ how: 'carried', note });
export const widened = (note: string): Carriage => ({ how: 'widened', note });
export const narrowed = (note: string): Carriage => ({ how: 'narrowed', note });
export const leftOut = (note: string): Carriage => ({ how: 'left-out', note });

/** Why a row of kind `kind` is left out by `carries`; undefined where it is not. */
export function refuseBy(carries: Carries): (batch: EventBatch, row: number) => string | undefined {
  const reasons: (string | undefined)[] = [];
  for (const kind of Object.keys(REQUEST_KINDS) as RequestKind[]) {
    const { how, note } = carries[kind];
    if (how === 'left-out') reasons[REQUEST_KINDS[kind]] = `${kind}: ${note}`;
  }
  return (batch, row) => reasons[batch.kind[row]];
}
