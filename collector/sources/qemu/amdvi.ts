// QEMU's AMD-Vi trace events. They carry no words and few fields (spec 6.7): a page invalidation shows its
// domain but no address, so it becomes the wider, domain-selective request.

import { KIND, PRESENT } from '../../model/index.ts';
import type { QemuFamily } from './family.ts';
import { field, hexAfter } from './fields.ts';

const DOMAIN = field('AMD-Vi pages for domain 0x');
const DEVICE = field('device table entry for devid: ');
const COLON = field(':');
const DOT = field('.');
const TAIL = field(' command buffer tail at 0x');
const HEAD = field('command buffer head at 0x');

export const amdviFamily: QemuFamily = {
  name: 'amdvi',
  iommu: 'AMD-Vi (emulated by QEMU)',
  stream: 'amd-vi command buffer',
  open(context) {
    const { cursor, out } = context;
    let doorbells = 0;
    let tail = -1;

    const row = (kind: number): number => {
      const at = context.row();
      out.kind[at] = kind;
      out.submission[at] = doorbells;
      return at;
    };

    const pages = (): boolean => {
      const domain = hexAfter(cursor, DOMAIN);
      if (!cursor.ok) return false;
      const at = row(KIND.iotlb);
      out.domainId[at] = domain;
      out.present[at] |= PRESENT.domainId;
      return true;
    };

    const deviceTable = (): boolean => {
      const bus = hexAfter(cursor, DEVICE);
      const slot = hexAfter(cursor, COLON);
      const fn = hexAfter(cursor, DOT);
      if (!cursor.ok || bus > 255 || slot > 31 || fn > 7) return false;
      const at = row(KIND.contextCache);
      out.sourceId[at] = bus * 256 + slot * 8 + fn;
      out.present[at] |= PRESENT.sourceId;
      return true;
    };

    /** Printed before each command; a moved tail is a new doorbell. */
    const exec = (): boolean => {
      hexAfter(cursor, HEAD);
      const found = hexAfter(cursor, TAIL);
      if (cursor.ok && found !== tail) doorbells++;
      tail = found;
      return cursor.ok;
    };

    const plain = (kind: number) => (): boolean => {
      row(kind);
      return true;
    };

    const handlers: readonly (readonly [string, () => boolean])[] = [
      ['amdvi_pages_inval', pages],
      ['amdvi_devtab_inval', deviceTable],
      ['amdvi_iotlb_inval', plain(KIND.deviceTlb)],
      ['amdvi_all_inval', plain(KIND.iotlb)],
      ['amdvi_intr_inval', plain(KIND.interruptEntryCache)],
      ['amdvi_completion_wait', plain(KIND.barrier)],
      ['amdvi_command_exec', exec],
    ];
    return {
      events: handlers.map(([name]) => name),
      handle: (event) => (handlers[event][1]() ? 'used' : 'damaged'),
    };
  },
};
