// The secret of a scrub and what is derived from it: one key for addresses, one for digests and names, so that
// nothing learnt of one helps with the other.

import { createHash, createHmac, randomBytes, scryptSync } from 'node:crypto';

const KEY_BYTES = 32;

/** 128 MiB and about half a second for each guess. */
const COST = { N: 2 ** 17, r: 8, p: 1, maxmem: 256 * 1024 * 1024 } as const;

/** A secret that nobody has. */
export function freshSecret(): Uint8Array {
  return randomBytes(KEY_BYTES);
}

/**
 * A passphrase, stretched. The salt is made from `recordingId`, so that all parts of a recording share it and no
 * two recordings do; it is written nowhere, because whoever holds a candidate original could compare it.
 */
export function stretchedSecret(passphrase: Uint8Array, recordingId: string): Uint8Array {
  const salt = createHash('sha256').update(`iotlb scrub salt ${recordingId}`).digest();
  return scryptSync(passphrase, salt, KEY_BYTES, COST);
}

/** The key of the address permutation. */
export function addressKey(secret: Uint8Array): Uint8Array {
  return createHmac('sha256', secret).update('iotlb scrub addresses').digest();
}

/** A name or digest that only who has the secret can make: equal texts stay equal. */
export function keyedDigest(secret: Uint8Array, text: string): string {
  const key = createHmac('sha256', secret).update('iotlb scrub digests').digest();
  return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
}
