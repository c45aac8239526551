// QEMU's AMD-Vi trace events. They carry no words and few fields (spec 6.7): a page invalidation shows its
// domain but no address, so it becomes the wider, domain-selective request.

import { KIND, PRESENT } from '../../model/index.ts';
import type { QemuFamily } from './family.ts';
import { field, hexAfter, type Field } from './fields.ts';

const DOMAIN = field('AMD-Vi pages for domain 0x');
const DEVICE = field('device table entry for devid: ');
const COLON = field(':');
const DOT = field('.');
const TAIL = field(' command buffer tail at 0x');
const HEAD = field('command buffer head at 0x');
const BASE = field(' command buffer base at 0x');
const INVALIDATED = field(' invalidated');
const STORE_ADDRESS = field('completion wait requested with store address 0x');
const STORE_DATA = field(' and store data 0x');

const COMMAND_BYTES = 16;

export const amdviFamily: QemuFamily = {
  name: 'amdvi',
  family: 'amdvi',
  iommu: 'AMD-Vi (emulated by QEMU)',
  stream: 'amd-vi command buffer',
  wait: "'amdvi_completion_wait'",
  open(context) {
    const { cursor, out } = context;
    let doorbells = 0;
    let tail = -1;
    /** Commands that QEMU said it runs, and those that a line named. */
    let executed = 0;
    let named = 0;

    const row = (kind: number): number => {
      named++;
      const at = context.row();
      out.kind[at] = kind;
      out.submission[at] = doorbells;
      return at;
    };

    /** True where the line goes on with `text` and ends there. */
    const ends = (text: Field): boolean => {
      cursor.expect(text);
      return cursor.ok && cursor.atEnd();
    };

    const pages = (): boolean => {
      const domain = hexAfter(cursor, DOMAIN);
      if (!ends(INVALIDATED)) return false;
      const at = row(KIND.iotlb);
      out.domainId[at] = domain;
      out.present[at] |= PRESENT.domainId;
      return true;
    };

    const deviceTable = (): boolean => {
      const bus = hexAfter(cursor, DEVICE);
      const slot = hexAfter(cursor, COLON);
      const fn = hexAfter(cursor, DOT);
      if (!ends(INVALIDATED) || bus > 255 || slot > 31 || fn > 7) return false;
      const at = row(KIND.contextCache);
      out.sourceId[at] = bus * 256 + slot * 8 + fn;
      out.present[at] |= PRESENT.sourceId;
      return true;
    };

    /** Printed before each command; a moved tail is a new doorbell. */
    const exec = (): boolean => {
      const head = hexAfter(cursor, HEAD);
      const found = hexAfter(cursor, TAIL);
      const base = hexAfter(cursor, BASE);
      if (!cursor.ok || !cursor.atEnd()) return false;
      executed++;
      context.position(base, Math.floor(head / COMMAND_BYTES));
      if (found !== tail) doorbells++;
      tail = found;
      return true;
    };

    /** A row of `kind` for a line that says nothing more: its text is words, or nothing. */
    const plain = (kind: number) => (): boolean => {
      for (let at = cursor.at; at < cursor.end; at++) {
        if (!isOfWords(cursor.bytes[at])) return false;
      }
      cursor.at = cursor.end;
      row(kind);
      return true;
    };

    const wait = (): boolean => {
      hexAfter(cursor, STORE_ADDRESS);
      hexAfter(cursor, STORE_DATA);
      if (!cursor.ok || !cursor.atEnd()) return false;
      row(KIND.barrier);
      context.waited();
      return true;
    };

    /** A command that asks for no invalidation: named, and no row. */
    const beside = (): boolean => {
      cursor.at = cursor.end;
      named++;
      return true;
    };

    const handlers: readonly (readonly [string, () => boolean])[] = [
      ['amdvi_pages_inval', pages],
      ['amdvi_devtab_inval', deviceTable],
      ['amdvi_iotlb_inval', plain(KIND.deviceTlb)],
      ['amdvi_all_inval', plain(KIND.iotlb)],
      ['amdvi_intr_inval', plain(KIND.interruptEntryCache)],
      ['amdvi_completion_wait', wait],
      ['amdvi_command_exec', exec],
      ['amdvi_prefetch_pages', beside],
      ['amdvi_ppr_exec', beside],
      ['amdvi_unhandled_command', beside],
    ];
    return {
      events: handlers.map(([name]) => name),
      handle: (event) => (handlers[event][1]() ? 'used' : 'damaged'),
      // At either end of a log the line that names a command may be cut off.
      unknownWaits: () =>
        executed > named + 1
          ? `QEMU ran ${executed} commands, of which the log names ${named}: which of the others were waits is not known; trace 'amdvi_*'`
          : undefined,
    };
  },
};

/** Letters, blanks and hyphens: what the texts without a field are made of. */
function isOfWords(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 32 || code === 45;
}
