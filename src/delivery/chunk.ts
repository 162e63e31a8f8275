import { SCHEMA_URL, SCOPE_LEDGER } from '../wire/names.ts';
import type { OtlpScope } from '../wire/otlp.ts';
import type { EpochMs } from '../wire/time.ts';

/** What leaves first and is given up last: errors and their activity, then root spans, then the rest. */
export type Priority = 'error' | 'root' | 'normal';
export const PRIORITIES: readonly Priority[] = ['error', 'root', 'normal'];

/**
 * A few encoded spans and log records of one page, one priority and one resource: the unit that is queued, stored,
 * packed into requests and acknowledged as a whole. Encoded once, so that leaving the page costs a join.
 */
export interface Chunk {
  /** Unique in the origin: the page's ledger id and a sequence number. */
  id: string;
  /** The ledger that counts these records. */
  page: string;
  /** When it was begun. */
  at: EpochMs;
  /** Index into PRIORITIES. */
  rank: number;
  /** The resource as JSON. */
  resource: string;
  spans: string[];
  logs: string[];
  /** How many spans and log records it holds. */
  records: number;
  /** At least the bytes `spans` and `logs` take in a body. */
  bytes: number;
}

/** How many records of `page` are in `chunks`. */
export function recordsOf(page: string, chunks: Iterable<Chunk>): number {
  let records = 0;
  for (const chunk of chunks) if (chunk.page === page) records += chunk.records;
  return records;
}

/** An upper bound of a text's bytes in UTF-8 that allocates nothing for ASCII. */
export function utf8Bound(text: string): number {
  return text.length + 2 * text.replace(/[\0-\x7f]+/g, '').length;
}

/** A chunk the collector finds too large, as two of about half its records. It must hold two at least. */
export function halve(chunk: Chunk): Chunk[] {
  const { spans, logs } = chunk;
  const cut = chunk.records >> 1;
  const logsCut = Math.max(0, cut - spans.length);
  const part = (suffix: string, spans: string[], logs: string[]): Chunk => {
    const records = [...spans, ...logs];
    const bytes = records.reduce((sum, json) => sum + utf8Bound(json) + 1, 0);
    return { ...chunk, id: chunk.id + suffix, spans, logs, records: records.length, bytes };
  };
  return [part('a', spans.slice(0, cut), logs.slice(0, logsCut)), part('b', spans.slice(cut), logs.slice(logsCut))];
}

/** What comes from the device may be of another version, or spoilt. */
export function isChunk(chunk: Chunk | undefined): chunk is Chunk {
  return typeof chunk?.resource === 'string' && [chunk.spans, chunk.logs].every(Array.isArray);
}

/** Room for the envelope, the schema and ledger records beside what chunks and resources take. */
const ENVELOPE_BYTES = 2048;

/**
 * The chunks, in the order given, whose body is at most `maxBytes`. One that does not fit is passed over, so that a
 * smaller one behind it may still go.
 */
export function packChunks(chunks: readonly Chunk[], maxBytes: number): Chunk[] {
  const resources = new Set<string>();
  let room = maxBytes - ENVELOPE_BYTES;
  return chunks.filter(({ resource, bytes }) => {
    // The resource stands in front of the spans and again in front of the log records.
    const needed = bytes + (resources.has(resource) ? 0 : 2 * utf8Bound(resource));
    if (needed > room) return false;
    room -= needed;
    resources.add(resource);
    return true;
  });
}

/** The POST body: an OTLP/JSON trace request and log request in one, one entry for each distinct resource. */
export function encodeBody(
  chunks: readonly Chunk[],
  scope: OtlpScope,
  sentAt: EpochMs,
  /** Encoded log records with ledger totals; they go under the first chunk's resource. */
  totals: readonly string[],
): string {
  const traces: string[] = [];
  const logs: string[] = [];
  const entry = (resource: string, field: string, scopes: string) =>
    `{"resource":${resource},"${field}":[${scopes}],"schemaUrl":"${SCHEMA_URL}"}`;
  const scoped = (of: OtlpScope, field: string, records: readonly string[]) =>
    `{"scope":${JSON.stringify(of)},"${field}":[${records}]}`;
  let ledger = [scoped({ name: SCOPE_LEDGER }, 'logRecords', totals)];
  for (const resource of new Set(chunks.map((chunk) => chunk.resource))) {
    const group = chunks.filter((chunk) => chunk.resource === resource);
    const spans = group.flatMap((chunk) => chunk.spans);
    const records = group.flatMap((chunk) => chunk.logs);
    const scopeLogs = records.length > 0 ? [scoped(scope, 'logRecords', records), ...ledger] : ledger;
    ledger = [];
    if (spans.length > 0) traces.push(entry(resource, 'scopeSpans', scoped(scope, 'spans', spans)));
    if (scopeLogs.length > 0) logs.push(entry(resource, 'scopeLogs', String(scopeLogs)));
  }
  return `{"sentAt":${sentAt},"resourceSpans":[${traces}],"resourceLogs":[${logs}]}`;
}
