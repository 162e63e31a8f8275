import type { DropReason } from '../wire/loss.ts';
import {
  ATTR_LEDGER_ACKNOWLEDGED,
  ATTR_LEDGER_DROPPED,
  ATTR_LEDGER_PAGE,
  ATTR_LEDGER_PENDING,
  ATTR_LEDGER_PRODUCED,
  ATTR_LEDGER_UNSAMPLED,
  EVENT_LEDGER,
} from '../wire/names.ts';
import { encodeAttributes, type OtlpLogRecord } from '../wire/otlp.ts';
import { type EpochMs, msToUnixNano } from '../wire/time.ts';

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
}

export function createLedger(page: string): Ledger {
  return { page, produced: 0, unsampled: 0, acknowledged: 0, dropped: {} };
}

/** Counts `records` as dropped; they must have been counted as produced. */
export function countDropped(ledger: Ledger, reason: DropReason, records: number): void {
  ledger.dropped[reason] = (ledger.dropped[reason] ?? 0) + records;
}

/** Where a report stands when the batch that carries it arrives: its own records are acknowledged by then. */
export interface LedgerReport {
  ledger: Ledger;
  /** Records of this ledger's page that are held but not in the batch. */
  pending: number;
  /** Records of this ledger's page in the batch. */
  carried: number;
}

/** Totals as the log record that rides in a batch; zeros are left out. */
export function encodeLedger({ ledger, pending, carried }: LedgerReport, now: EpochMs): OtlpLogRecord {
  const counts: Record<string, string | number> = { [ATTR_LEDGER_PAGE]: ledger.page };
  const put = (name: string, value: number | undefined) => {
    if (value) counts[name] = value;
  };
  put(ATTR_LEDGER_PRODUCED, ledger.produced);
  put(ATTR_LEDGER_UNSAMPLED, ledger.unsampled);
  put(ATTR_LEDGER_ACKNOWLEDGED, ledger.acknowledged + carried);
  put(ATTR_LEDGER_PENDING, pending);
  for (const [reason, value] of Object.entries(ledger.dropped)) put(`${ATTR_LEDGER_DROPPED}.${reason}`, value);
  return { timeUnixNano: msToUnixNano(now), eventName: EVENT_LEDGER, attributes: encodeAttributes(counts) };
}
