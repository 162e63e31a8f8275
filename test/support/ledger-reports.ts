import { decodeLedger, type LedgerTotals, unknownLoss } from '../../src/wire/ledger.ts';
import type { OtlpLogRecord } from '../../src/wire/otlp.ts';

export type LedgerState = LedgerTotals & { page: string; unknown: number };

/** The last state of each page's ledger among `logs`; `unknown` must be 0. */
export function ledgersOf(logs: readonly OtlpLogRecord[]): LedgerState[] {
  const latest = new Map<string, LedgerState>();
  for (const log of logs) {
    const read = decodeLedger(log);
    if (!read) continue;
    const before = latest.get(read.page);
    if (before && progressOf(before) > progressOf(read.totals)) continue;
    latest.set(read.page, { ...read.totals, page: read.page, unknown: unknownLoss(read.totals) });
  }
  return [...latest.values()];
}

// All but `pending` only ever grow, so the larger sum is the later report.
function progressOf({ produced, unsampled, acknowledged, dropped }: LedgerTotals): number {
  return Object.values(dropped).reduce((sum, records) => sum + records, produced + unsampled + acknowledged);
}
