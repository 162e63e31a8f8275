import { decodeLedger, type PageLedger } from '../../../src/wire/ledger.ts';
import { SCOPE_LEDGER } from '../../../src/wire/names.ts';
import type { DecodedRequest } from '../../otlp/decoded-request.ts';
import type { LogRecord } from '../../otlp/records.ts';

/** A batch carries the books of its page and of those it took over; more is not an agent's. */
const MAX_LEDGERS = 64;

/**
 * Takes agents' totals out of a request: they are about records and none themselves, and are neither stored nor counted
 * as received.
 */
export function takeLedgers(request: DecodedRequest): PageLedger[] {
  if (!request.logs.some(({ scope }) => scope.name === SCOPE_LEDGER)) return [];
  const ledgers = readLedgers(request.logs.filter(({ scope }) => scope.name === SCOPE_LEDGER));
  request.logs = request.logs.filter(({ scope }) => scope.name !== SCOPE_LEDGER);
  return ledgers;
}

/** Agents' totals out of log records of the ledger's scope. */
export function readLedgers(records: readonly LogRecord[]): PageLedger[] {
  return records.flatMap(({ log }) => decodeLedger(log) ?? []).slice(0, MAX_LEDGERS);
}
