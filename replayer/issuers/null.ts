// Makes the same system call on a descriptor that refuses it: times the path from here into the kernel
// and back, invalidates nothing. The one issuer that every host has.

import { ToolError } from '../../collector/base/index.ts';
import { close, open } from '../loop/native.ts';
import { hwptCalls } from './hwpt-calls.ts';
import type { Issuer } from './issuer.ts';

const O_RDWR_CLOEXEC = 0o2000002;
const TARGETS = [1] as const;

export const nullIssuer: Issuer = {
  name: 'null',
  summary: 'the same ioctl on /dev/null: times the system call, invalidates nothing',
  provenances: ['null'],
  dialects: ['hwpt-vtd-s1'],
  missing: () => undefined,
  open() {
    let fd = open('/dev/null', O_RDWR_CLOEXEC);
    if (fd < 0) throw new ToolError('E_IO', '/dev/null: cannot be opened; nothing was issued');
    return {
      provenance: 'null',
      makesSystemCalls: true,
      description: 'null: the system call path only, no IOMMU; nothing is invalidated',
      prepare: (steps, dialect) => hwptCalls(fd, steps, dialect, 0, () => TARGETS),
      // ENOTTY is this issuer's success: the call went all the way and was refused.
      completed: () => 0,
      close() {
        if (fd >= 0) close(fd);
        fd = -1;
      },
    };
  },
};
