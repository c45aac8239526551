// Makes the same system call on a descriptor that refuses it: times the path from here into the kernel
// and back, invalidates nothing. The one issuer that every host has.

import { ToolError } from '../../collector/base/index.ts';
import { close, open } from '../calls/native.ts';
import { anyCalls, anyDialect } from '../calls/any-calls.ts';
import type { Issuer } from './issuer.ts';

const O_RDWR_CLOEXEC = 0o2000002;

export const nullIssuer: Issuer = {
  name: 'null',
  summary: 'the same ioctl on /dev/null: times the system call, invalidates nothing',
  provenances: ['null'],
  dialects: anyDialect,
  missing: () => undefined,
  open() {
    let fd = open('/dev/null', O_RDWR_CLOEXEC);
    if (fd < 0) throw new ToolError('E_IO', '/dev/null: cannot be opened; nothing was issued');
    return {
      provenance: 'null',
      makesSystemCalls: true,
      description: 'null: the system call path only, no IOMMU; nothing is invalidated',
      prepare: (steps, dialect) => anyCalls(fd, steps, dialect),
      // ENOTTY is this issuer's success: the call went all the way and was refused.
      completed: () => 0,
      close() {
        if (fd >= 0) close(fd);
        fd = -1;
      },
    };
  },
};
