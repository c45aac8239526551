// What each dialect declares of each kind of request: docs/dialects.md is that declaration, and `refuse` keeps
// to it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { EventBuilder, KIND } from '../../../collector/model/index.ts';
import { REQUEST_KINDS, dialects, type RequestKind } from '../../../replayer/dialects/index.ts';
import { familiesOf } from '../../../replayer/dialects/family.ts';
import { dialectTable } from '../../../replayer/dialects/table.ts';

const DOCUMENT = fileURLToPath(new URL('../../../../docs/dialects.md', import.meta.url));
const kinds = Object.keys(REQUEST_KINDS) as RequestKind[];

function rowOf(kind: number): EventBuilder {
  const out = new EventBuilder(1);
  out.kind[out.next(0, 0)] = kind;
  return out;
}

void test('docs/dialects.md says what the dialects declare', () => {
  const text = readFileSync(DOCUMENT, 'utf8');
  assert.ok(
    text.endsWith(`${dialectTable()}\n`),
    `docs/dialects.md should end with:\n${dialectTable()}`,
  );
});

for (const dialect of dialects.entries) {
  void test(`${dialect.name}: a kind is refused exactly where it says so, with its own reason`, () => {
    for (const kind of kinds) {
      const { how, note } = dialect.carries[kind];
      const refusal = dialect.refuse(rowOf(REQUEST_KINDS[kind]), 0);
      if (how === 'left-out') assert.equal(refusal, `${kind}: ${note}`);
      // A kind that is carried may still need more than a bare row shows: then the reason names it.
      else if (refusal !== undefined)
        assert.match(refusal, new RegExp(`^${kind}: the source shows`));
    }
  });
}

void test('a reason for the device TLB is never that of another interface', () => {
  const reasons = ['hwpt-vtd-s1', 'vfio-rfc-generic', 'unmap'].map((name) =>
    dialects.get(name).refuse(rowOf(KIND.deviceTlb), 0),
  );
  assert.equal(new Set(reasons).size, reasons.length);
  assert.match(
    dialects.get('viommu-arm-smmuv3').refuse(rowOf(KIND.deviceTlb), 0) ?? '',
    /StreamID/,
  );
});

void test('each IOMMU whose requests an interface takes has one dialect of its own', () => {
  const own = (['vtd', 'smmuv3', 'virtio-iommu', 'amdvi'] as const).map((family) =>
    dialects.entries
      .filter(({ defaultFor }) => defaultFor?.includes(family))
      .map(({ name }) => name),
  );
  assert.deepEqual(own, [['hwpt-vtd-s1'], ['viommu-arm-smmuv3'], ['unmap'], ['unmap']]);
  const viommus = (['vtd', 'unknown', 'smmuv3', 'vtd'] as const).map((family, index) => ({
    index,
    vm: 0,
    family,
    name: '',
  }));
  assert.deepEqual(familiesOf({ viommus }), ['vtd', 'smmuv3']);
});
