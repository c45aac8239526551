// Entries of a StepBatch, each as often as a count says, behind those of another. One loop a width: columns of
// different widths in one loop cost a choice at each access.

import type { StepBatch } from './step-batch.ts';

/** From so many copies on, filling beats setting one by one. */
const FILL = 48;

/** Sets the columns of `into` from its last entry on, where there must be room; its counts stay as they are. */
export function repeatEntries(into: StepBatch, from: StepBatch, counts: Uint32Array): void {
  repeatBytes(into, from, counts);
  repeatWords(into, from, counts);
  repeatDoubles(into, from, counts);
}

function repeatBytes(into: StepBatch, from: StepBatch, counts: Uint32Array): void {
  const { kind, scope, present, widened } = into;
  const { kind: kinds, scope: scopes, present: presents, widened: widens } = from;
  for (let i = 0, to = into.entries; i < counts.length; i++) {
    const end = to + counts[i];
    if (counts[i] >= FILL) {
      kind.fill(kinds[i], to, end);
      scope.fill(scopes[i], to, end);
      present.fill(presents[i], to, end);
      widened.fill(widens[i], to, end);
      to = end;
    }
    for (; to < end; to++) {
      kind[to] = kinds[i];
      scope[to] = scopes[i];
      present[to] = presents[i];
      widened[to] = widens[i];
    }
  }
}

function repeatWords(into: StepBatch, from: StepBatch, counts: Uint32Array): void {
  const { flags, domainId, pasid } = into;
  const { flags: allFlags, domainId: domainIds, pasid: pasids } = from;
  for (let i = 0, to = into.entries; i < counts.length; i++) {
    const end = to + counts[i];
    if (counts[i] >= FILL) {
      flags.fill(allFlags[i], to, end);
      domainId.fill(domainIds[i], to, end);
      pasid.fill(pasids[i], to, end);
      to = end;
    }
    for (; to < end; to++) {
      flags[to] = allFlags[i];
      domainId[to] = domainIds[i];
      pasid[to] = pasids[i];
    }
  }
}

function repeatDoubles(into: StepBatch, from: StepBatch, counts: Uint32Array): void {
  const { page, pages, entryFirstSeq, entryLastSeq } = into;
  const { page: starts, pages: lengths, entryFirstSeq: firsts, entryLastSeq: lasts } = from;
  for (let i = 0, to = into.entries; i < counts.length; i++) {
    const end = to + counts[i];
    if (counts[i] >= FILL) {
      page.fill(starts[i], to, end);
      pages.fill(lengths[i], to, end);
      entryFirstSeq.fill(firsts[i], to, end);
      entryLastSeq.fill(lasts[i], to, end);
      to = end;
    }
    for (; to < end; to++) {
      page[to] = starts[i];
      pages[to] = lengths[i];
      entryFirstSeq[to] = firsts[i];
      entryLastSeq[to] = lasts[i];
    }
  }
}
