import type { DropReason } from '../../src/wire/loss.ts';

/**
 * Where every span of this isolate went: `produced` = `acknowledged` + `rejected` + `pending` + all of `dropped`.
 * Unsampled spans are a decision and are not among the produced.
 */
export interface Ledger {
  produced: number;
  unsampled: number;
  acknowledged: number;
  /** Refused one by one by the collector (OTLP partial success). */
  rejected: number;
  pending: number;
  dropped: Partial<Record<DropReason, number>>;
  /** POSTs made, retries included. */
  exports: number;
}

export function createLedger(): Ledger {
  return { produced: 0, unsampled: 0, acknowledged: 0, rejected: 0, pending: 0, dropped: {}, exports: 0 };
}

/** That of this isolate. */
export const isolateLedger = createLedger();

/** Moves `count` pending spans to `dropped`. */
export function countDropped(ledger: Ledger, reason: DropReason, count: number): void {
  ledger.pending -= count;
  ledger.dropped[reason] = (ledger.dropped[reason] ?? 0) + count;
}
