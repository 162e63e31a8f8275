/**
 * The one POST of a page: `{"resourceSpans":[…],"resourceLogs":[…]}` as `text/plain` (or gzip bytes without a type), so
 * that the browser sends it without a preflight. Everything else rides in the query.
 */
export const INGEST_PATH = '/otlp';
/** Query: the page's key. An identifier, not a secret. */
export const QUERY_KEY = 'k';
/** Query: the batch id, 16 hex digits; a batch resent under its id is stored once. */
export const QUERY_BATCH = 'b';
/** Query: `gz` when the body is gzip. The collector also looks at the first two bytes. */
export const QUERY_COMPRESSION = 'z';

/** What the collector answers to a page: never more than about 100 bytes, never `no-store`. */
export interface IngestAnswer {
  /** Advice the agent keeps for the session: the share of sessions to record. */
  sampling?: { ratio: number };
  /** As in OTLP: what was refused, and why, in one sentence for a developer. */
  partialSuccess?: { rejectedSpans?: string; rejectedLogRecords?: string; errorMessage?: string };
  /** With a 4xx or 5xx status: what to do, in one sentence for a developer. */
  error?: string;
}

/** The statuses OTLP lets a sender retry; every other failure is final. */
export const RETRYABLE_STATUSES: ReadonlySet<number> = new Set([429, 502, 503, 504]);
