import type { DropReason } from '../wire/loss.ts';
import {
  ATTR_LEDGER_ACKNOWLEDGED,
  ATTR_LEDGER_DROPPED,
  ATTR_LEDGER_PAGE,
  ATTR_LEDGER_PENDING,
  ATTR_LEDGER_PRODUCED,
  ATTR_LEDGER_STORED,
  ATTR_LEDGER_UNSAMPLED,
  ATTR_LEDGER_UNSTORED,
  EVENT_LEDGER,
} from '../wire/names.ts';
import { encodeAttributes, type OtlpLogRecord } from '../wire/otlp.ts';
import { type EpochMs, msToUnixNano } from '../wire/time.ts';
import { type Chunk, countRecords } from './chunk.ts';

/**
 * What became of every span and event of one page (document). All counters only ever grow, so that two reports of a
 * page merge by taking the larger of each. Pending is not counted but looked up in what is really held:
 * produced − (unsampled + dropped + acknowledged + pending) is the unknown loss, and must be 0.
 */
export interface Ledger {
  /** Id of the page, 16 hex digits. */
  page: string;
  produced: number;
  unsampled: number;
  acknowledged: number;
  dropped: Partial<Record<DropReason, number>>;
  /** Records that were written to the outbox. */
  stored: number;
  /** Records that should have been and could not. */
  unstored: number;
  /** `progressOf` when the collector last acknowledged a report. */
  reported: number;
  /** Epoch ms of the last write to the outbox: tells the living from the dead where there are no locks. */
  at: EpochMs;
}

export function createLedger(page: string): Ledger {
  return { page, produced: 0, unsampled: 0, acknowledged: 0, dropped: {}, stored: 0, unstored: 0, reported: 0, at: 0 };
}

/** Counts `records` as dropped; they must have been counted as produced. */
export function countDropped(ledger: Ledger, reason: DropReason, records: number): void {
  if (records > 0) ledger.dropped[reason] = (ledger.dropped[reason] ?? 0) + records;
}

/** How many records have met their end. */
export function settledOf({ unsampled, acknowledged, dropped }: Ledger): number {
  return Object.values(dropped).reduce((sum, records) => sum + records, unsampled + acknowledged);
}

/** Grows with every change of the counters: the larger of two is the later. */
export function progressOf(ledger: Ledger): number {
  return ledger.produced + settledOf(ledger);
}

/** The ledger of one page beside what of it this page does not hold in memory: records that are only in the outbox. */
export interface Account {
  ledger: Ledger;
  parked: number;
}

/** Totals of a page, and their progress, as they stand when the batch with `carried` has arrived; zeros are left out. */
export function encodeLedger(
  { ledger, parked }: Account,
  held: readonly Chunk[],
  carried: readonly Chunk[],
  now: EpochMs,
): { record: OtlpLogRecord; progress: number } {
  const ofPage = (chunks: readonly Chunk[]) => countRecords(chunks.filter(({ page }) => page === ledger.page));
  const counts: Record<string, number> = {
    [ATTR_LEDGER_PRODUCED]: ledger.produced,
    [ATTR_LEDGER_UNSAMPLED]: ledger.unsampled,
    [ATTR_LEDGER_ACKNOWLEDGED]: ledger.acknowledged + ofPage(carried),
    [ATTR_LEDGER_PENDING]: ofPage(held) - ofPage(carried) + parked,
    [ATTR_LEDGER_STORED]: ledger.stored,
    [ATTR_LEDGER_UNSTORED]: ledger.unstored,
  };
  for (const [reason, records] of Object.entries(ledger.dropped)) counts[`${ATTR_LEDGER_DROPPED}.${reason}`] = records;
  const told = Object.entries(counts).filter(([, records]) => records !== 0);
  const attributes = encodeAttributes({ [ATTR_LEDGER_PAGE]: ledger.page, ...Object.fromEntries(told) });
  return {
    record: { timeUnixNano: msToUnixNano(now), eventName: EVENT_LEDGER, attributes },
    progress: progressOf(ledger) + ofPage(carried),
  };
}
