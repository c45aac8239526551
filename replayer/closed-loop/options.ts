// What a closed loop is simulated with; the same for all strategies of a command (design §13).

/** What holds while a waiter stands still: nothing, one lock per domain, one per device. */
export const SERIALS = ['cpu', 'domain', 'device'] as const;
export type Serial = (typeof SERIALS)[number];

/** Who makes calls one after the other. */
export const SERVERS = ['vm', 'stream', 'waiter'] as const;
export type Servers = (typeof SERVERS)[number];

export interface LoopOptions {
  readonly serial: Serial;
  readonly servers: Servers;
  /** ns from a doorbell until its rows arrive. */
  readonly exitNs: number;
  /** ns that a call outside a doorbell takes longer for each guest CPU that polls meanwhile. */
  readonly pollNs: number;
}
