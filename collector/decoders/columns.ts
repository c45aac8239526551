// How decoders fill the optional columns of a row: the value, its PRESENT bit and its scope bit together.
// Owns also the range rules that several architectures share (spec 3.3).

import { ALL_PAGES, PRESENT, RAW_BYTES, SCOPE, type EventBuilder } from '../model/index.ts';

/** A 128-bit descriptor or command as 32-bit halves: qw0 low, qw0 high, qw1 low, qw1 high. */
export interface Words128 {
  q0lo: number;
  q0hi: number;
  q1lo: number;
  q1hi: number;
}

export const PAGES_PER_HIGH_WORD = 0x10_0000; // 2^32 bytes / 4 KiB

export function setDomain(out: EventBuilder, row: number, domain: number): void {
  out.domainId[row] = domain;
  out.present[row] |= PRESENT.domainId;
}

/** Who asked and stands still until the barrier after it is released. */
export function setWaiter(out: EventBuilder, row: number, waiter: number): void {
  out.waiter[row] = waiter;
  out.present[row] |= PRESENT.waiter;
}

export function setSource(out: EventBuilder, row: number, source: number): void {
  out.sourceId[row] = source;
  out.present[row] |= PRESENT.sourceId;
}

export function setPasid(out: EventBuilder, row: number, pasid: number): void {
  out.pasid[row] = pasid;
  out.present[row] |= PRESENT.pasid;
  out.scope[row] |= SCOPE.pasid;
}

/** A range that would pass the end of the address space ends there. */
export function setRange(out: EventBuilder, row: number, page: number, pages: number): void {
  out.page[row] = page;
  out.pages[row] = Math.min(pages, ALL_PAGES - page);
  out.present[row] |= PRESENT.range;
  out.scope[row] |= SCOPE.vaddr;
}

/** The 4 KiB page of the address in a word. */
export function pageOf(low: number, high: number): number {
  return high * PAGES_PER_HIGH_WORD + (low >>> 12);
}

/**
 * PCIe range of the page field `page`: one page, or with `sized` 8 KiB << the number of ones upward from
 * bit 12, the base cleared to that size. All ones up to bit 62 is everything: then no range restricts.
 */
export function setTrailingOnesRange(
  out: EventBuilder,
  row: number,
  page: number,
  sized: boolean,
): void {
  if (!sized) {
    setRange(out, row, page, 1);
    return;
  }
  let rest = page;
  let pages = 2;
  while (rest % 2 === 1) {
    pages *= 2;
    rest = (rest - 1) / 2;
  }
  if (pages >= ALL_PAGES) return;
  setRange(out, row, page - (page % pages), pages);
}

/** Keeps the two words as the row's raw bytes, little-endian. */
export function keepRaw128(out: EventBuilder, row: number, words: Words128): void {
  putWords(out.raw, row * RAW_BYTES, words);
  out.rawLen[row] = 16;
}

/** The upper 128 bits of a 256-bit descriptor, behind the lower ones that are there already. */
export function keepRawUpper(out: EventBuilder, row: number, words: Words128): void {
  putWords(out.raw, row * RAW_BYTES + 16, words);
  out.rawLen[row] = 32;
}

function putWords(raw: Uint8Array, at: number, words: Words128): void {
  put32(raw, at, words.q0lo);
  put32(raw, at + 4, words.q0hi);
  put32(raw, at + 8, words.q1lo);
  put32(raw, at + 12, words.q1hi);
}

function put32(raw: Uint8Array, at: number, word: number): void {
  raw[at] = word;
  raw[at + 1] = word >>> 8;
  raw[at + 2] = word >>> 16;
  raw[at + 3] = word >>> 24;
}
