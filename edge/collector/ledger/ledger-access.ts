import type { PageLedger } from '../../../src/wire/ledger.ts';
import type { AgentTotals, KeyCounts, PageReport } from './loss-ledger.ts';

/** The ledger as ingest writes it. */
export interface LedgerWrites {
  /** Books what a request of `keyId` came to. */
  count(keyId: string, counts: Partial<KeyCounts>): void;
  /** Takes in what an agent says of one of its pages. */
  hear(keyId: string, report: PageLedger): void;
}

/** The ledger as it is read; one that several processes share is far away. */
export interface LedgerReads {
  keys(): Map<string, KeyCounts> | Promise<Map<string, KeyCounts>>;
  /** Of all pages, or of those of one key or session. */
  totals(of?: { keyId?: string; sessionId?: string }): AgentTotals | Promise<AgentTotals>;
  /** The pages of a session, the one last heard of first. */
  pages(sessionId: string): PageReport[] | Promise<PageReport[]>;
}
