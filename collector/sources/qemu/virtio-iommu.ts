// QEMU's virtio-iommu trace events: each `virtio_iommu_unmap` is one guest request and one `unmap` row.
// `virtio_iommu_unmap_done` lines are what it removed, not requests; map and translate lines are skipped.

import { ALL_PAGES, KIND, PRESENT, SCOPE } from '../../model/index.ts';
import type { QemuFamily } from './family.ts';
import { decimalAfter, field, pageAfter } from './fields.ts';

const DOMAIN = field('domain=');
const START = field(' virt_start=0x');
const END = field(' virt_end=0x');

export const virtioIommuFamily: QemuFamily = {
  name: 'virtio-iommu',
  family: 'virtio-iommu',
  iommu: 'virtio-iommu (emulated by QEMU)',
  stream: 'virtio-iommu request queue',
  wait: 'the return of a request',
  barrierRule:
    'the log has no line for the return of a request; QEMU finishes each before it takes the next, so every unmap is followed by a barrier at the time of its last unmap_done line, or its own',
  open(context) {
    const { cursor, out } = context;
    /** When the request that is not yet followed by its barrier was last heard of. */
    let returned = Number.NaN;
    let waiter = -1;

    const barrier = (): void => {
      if (Number.isNaN(returned)) return;
      const row = context.rowAt(returned, waiter); // first: it may move the columns
      out.kind[row] = KIND.barrier;
      context.waited();
      returned = Number.NaN;
    };

    const unmap = (): 'used' | 'damaged' => {
      barrier();
      const domain = decimalAfter(cursor, DOMAIN);
      const first = pageAfter(cursor, START);
      const last = pageAfter(cursor, END); // inclusive
      if (!cursor.ok || !cursor.atEnd() || domain < 0 || last < first) return 'damaged';
      const row = context.row();
      out.kind[row] = KIND.unmap;
      out.domainId[row] = domain;
      out.page[row] = first;
      out.pages[row] = Math.min(last - first + 1, ALL_PAGES);
      out.present[row] |= PRESENT.domainId | PRESENT.range;
      out.scope[row] = SCOPE.vaddr;
      returned = context.now();
      waiter = context.waiter();
      return 'used';
    };

    const done = (): 'used' | 'damaged' => {
      decimalAfter(cursor, DOMAIN);
      pageAfter(cursor, START);
      pageAfter(cursor, END);
      if (!cursor.ok || !cursor.atEnd()) return 'damaged';
      if (!Number.isNaN(returned)) returned = context.now();
      return 'used';
    };

    return {
      events: ['virtio_iommu_unmap', 'virtio_iommu_unmap_done'],
      handle: (event) => (event === 0 ? unmap() : done()),
      end: barrier,
    };
  },
};
