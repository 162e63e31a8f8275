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
  /** At least the bytes `spans` and `logs` take in a body. */
  bytes: number;
}

/** How many spans and log records a chunk holds. */
export function recordCount(chunk: Chunk): number {
  return chunk.spans.length + chunk.logs.length;
}

/** How many spans and log records are in `chunks` together. */
export function countRecords(chunks: Iterable<Chunk>): number {
  let count = 0;
  for (const chunk of chunks) count += recordCount(chunk);
  return count;
}

/** An upper bound of a text's bytes in UTF-8 that allocates nothing for ASCII. */
export function utf8Bound(text: string): number {
  return text.length + 2 * text.replace(/[\0-\x7f]+/g, '').length;
}

/** Room for the envelope, the schema and ledger records beside what chunks and resources take. */
const ENVELOPE_BYTES = 2048;

/**
 * The chunks, in the order given, whose body is at most `maxBytes`. One that does not fit is passed over, so that a
 * smaller one behind it may still go.
 */
export function packChunks(chunks: readonly Chunk[], maxBytes: number): Chunk[] {
  const packed: Chunk[] = [];
  const resources = new Set<string>();
  let room = maxBytes - ENVELOPE_BYTES;
  for (const chunk of chunks) {
    // The resource stands in front of the spans and again in front of the log records.
    const bytes = chunk.bytes + (resources.has(chunk.resource) ? 0 : 2 * utf8Bound(chunk.resource));
    if (bytes > room) continue;
    room -= bytes;
    resources.add(chunk.resource);
    packed.push(chunk);
  }
  return packed;
}

export interface BodyParts {
  chunks: readonly Chunk[];
  scope: OtlpScope;
  sentAt: EpochMs;
  /** Encoded log records that carry ledger totals; they go under the first chunk's resource. */
  ledger: readonly string[];
}

/** The POST body: an OTLP/JSON trace request and log request in one, one entry for each distinct resource. */
export function encodeBody({ chunks, scope, sentAt, ledger }: BodyParts): string {
  const groups = new Map<string, { spans: string[]; logs: string[] }>();
  for (const chunk of chunks) {
    const group = groups.get(chunk.resource) ?? { spans: [], logs: [] };
    groups.set(chunk.resource, group);
    group.spans.push(...chunk.spans);
    group.logs.push(...chunk.logs);
  }
  const scopeJson = JSON.stringify(scope);
  const schema = `"schemaUrl":"${SCHEMA_URL}"`;
  const resourceSpans: string[] = [];
  const resourceLogs: string[] = [];
  let totals = ledger;
  for (const [resource, { spans, logs }] of groups) {
    if (spans.length > 0) {
      resourceSpans.push(`{"resource":${resource},"scopeSpans":[{"scope":${scopeJson},"spans":[${spans}]}],${schema}}`);
    }
    const scopeLogs = logs.length > 0 ? [`{"scope":${scopeJson},"logRecords":[${logs}]}`] : [];
    if (totals.length > 0) scopeLogs.push(`{"scope":{"name":"${SCOPE_LEDGER}"},"logRecords":[${totals}]}`);
    totals = [];
    if (scopeLogs.length > 0) resourceLogs.push(`{"resource":${resource},"scopeLogs":[${scopeLogs}],${schema}}`);
  }
  return `{"sentAt":${sentAt},"resourceSpans":[${resourceSpans}],"resourceLogs":[${resourceLogs}]}`;
}
