import { randomHex, SPAN_ID_BYTES } from '../wire/ids.ts';
import { createTotals, type LedgerTotals, unknownLoss } from '../wire/ledger.ts';
import type { DropReason } from '../wire/loss.ts';
import type { EpochMs } from '../wire/time.ts';

/** The books of one page (document); its `pending` are the records that are on the device and not in memory. */
export interface Ledger extends LedgerTotals {
  /** Id of the page, 16 hex digits. */
  page: string;
  /** The session of its first record; '' without consent to have one. */
  session: string;
  /** Epoch ms of the last write to the device, 0 once the page is left: tells who lives where there are no locks. */
  at: EpochMs;
}

/** New books; those of a page that has begun now unless it is named. */
export function createLedger(page: string = randomHex(SPAN_ID_BYTES)): Ledger {
  return { page, session: '', at: 0, ...createTotals() };
}

/** Books as they were kept on the device; counters a newer version knows more of are 0. */
export function restoreLedger(row: Ledger): Ledger {
  return { ...createLedger(row.page), ...row };
}

/** Counts `records` as dropped; they must have been counted as produced. */
export function countDropped({ dropped }: Ledger, reason: DropReason, records: number): void {
  if (records > 0) dropped[reason] = (dropped[reason] ?? 0) + records;
}

/**
 * Closes the books of a page that is gone: what it held and did not store died with it. What lies beside books that know
 * less was made after they were written.
 * @param inMemory how many of its records are held here
 */
export function closeBooks(ledger: Ledger, inMemory: number): void {
  const lost = unknownLoss(ledger) - inMemory;
  countDropped(ledger, 'device_lost', lost);
  ledger.produced -= Math.min(0, lost);
}
