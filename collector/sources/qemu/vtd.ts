// QEMU's VT-d trace events. `vtd_inv_desc` carries the raw words and is all that is needed;
// `vtd_inv_qi_tail` marks a doorbell. The decoded `vtd_inv_desc_*` lines repeat it and are skipped.

import { ascii } from '../../base/index.ts';
import { KIND } from '../../model/index.ts';
import { decodeVtd, vtdType, type VtdWords } from '../../decoders/vtd.ts';
import type { LineVerdict, QemuFamily } from './family.ts';

const SPACE = 32;
const TYPE_PREFIX = ascii('invalidate desc type ');
const HIGH = ascii(' high 0x');
const LOW = ascii(' low 0x');
const TAIL_PREFIX = ascii('write tail ');

const STATUS_WRITE = 0x20;

/** Names that QEMU prints, by descriptor type (spec 3.2). */
const TYPE_NAMES: readonly (readonly [string, number])[] = [
  ['context-cache', 1],
  ['iotlb', 2],
  ['device', 3],
  ['iec', 4],
  ['wait', 5],
  ['p-iotlb', 6],
  ['pasid-cache', 7],
  ['device-piotlb', 8],
  ['page group response', 9],
];

export const vtdFamily: QemuFamily = {
  name: 'vtd',
  family: 'vtd',
  iommu: 'Intel VT-d (emulated by QEMU)',
  stream: 'vtd queue 0',
  wait: "'invalidate desc type wait'",
  open(context) {
    const { cursor, out } = context;
    const words: VtdWords = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };
    const names = TYPE_NAMES.map(([name, type]) => ({ bytes: ascii(name), type }));
    let doorbells = 0;

    /** Index where ` high 0x` starts, or -1. */
    const findHigh = (): number => {
      for (let i = cursor.at; i + HIGH.length <= cursor.end; i++) {
        if (cursor.bytes[i] === SPACE && cursor.bytes[i + 1] === 104) return i;
      }
      return -1;
    };

    /** A printed name that belongs to another type than the word's means that the line is damaged. */
    const nameFits = (start: number, end: number, type: number): boolean => {
      const known = names.find((name) => equalBytes(name.bytes, cursor.bytes, start, end));
      return known === undefined ? end > start : known.type === type;
    };

    /** Linux keeps a status word per descriptor: its address tells where in the queue the wait stands. */
    const wait = (): void => {
      context.waited();
      if ((words.q0lo & STATUS_WRITE) === 0) return;
      context.position(words.q1hi * 0x40_0000 + (words.q1lo >>> 10), words.q1lo >>> 2);
    };

    const descriptor = (): LineVerdict => {
      cursor.expect(TYPE_PREFIX);
      const nameStart = cursor.at;
      const nameEnd = findHigh();
      if (!cursor.ok || nameEnd < 0) return 'damaged';
      cursor.at = nameEnd;
      cursor.expect(HIGH);
      cursor.hex64();
      words.q1lo = cursor.low;
      words.q1hi = cursor.high;
      cursor.expect(LOW);
      cursor.hex64();
      words.q0lo = cursor.low;
      words.q0hi = cursor.high;
      if (!cursor.ok || !cursor.atEnd()) return 'damaged';
      if (!nameFits(nameStart, nameEnd, vtdType(words.q0lo))) return 'damaged';
      const row = context.row();
      out.submission[row] = doorbells;
      decodeVtd(out, row, words);
      if (out.kind[row] === KIND.barrier) wait();
      return 'used';
    };

    const doorbell = (): LineVerdict => {
      cursor.expect(TAIL_PREFIX);
      cursor.decimal();
      if (!cursor.ok || !cursor.atEnd()) return 'damaged';
      doorbells++;
      return 'used';
    };

    return {
      events: ['vtd_inv_desc', 'vtd_inv_qi_tail'],
      handle: (event) => (event === 0 ? descriptor() : doorbell()),
    };
  },
};

function equalBytes(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
