import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { RETRYABLE_STATUSES } from '../../../src/wire/ingest.ts';
import { encodeLogsProtobuf, encodeTracesProtobuf } from '../../otlp/encode-protobuf.ts';
import type { LogRecord, SpanRecord } from '../../otlp/records.ts';
import { openSpool, type Spool, type SpoolEntry } from './spool.ts';

/** Where accepted records go as well. */
export interface Forwarder {
  /** Takes records that were stored; returns when they are in the spool. Never throws: what cannot be kept is counted. */
  forward(records: { keyId: string; spans: readonly SpanRecord[]; logs: readonly LogRecord[] }): void;
  /** Spans and log records, by what became of them. */
  counts: ForwardCounts;
  /** What waits, in bytes. */
  pendingBytes(): number;
  /** Ends the request under way and stops; what waits is sent by the next process. */
  close(): Promise<void>;
}

export interface ForwardCounts {
  forwarded: number;
  /** Refused by the upstream for what they are, and kept in `parked`. */
  parked: number;
  /** The spool was full, or the disk did not take them. */
  dropped: number;
}

export interface ForwarderOptions {
  /** The upstream's OTLP/HTTP address; `/v1/traces` and `/v1/logs` are added. Only ever what the operator says. */
  url: string;
  headers?: Record<string, string>;
  directory: string;
  /** Default 1 GiB. */
  maxBytes?: number;
  /** Told what the upstream has taken, by the key it came with; '' for what an earlier version has spooled. */
  onForwarded?: (keyId: string, records: number) => void;
  /** Told when the upstream fails and when it is back, in one sentence for the operator. */
  report: (message: string) => void;
}

// 1 and 2 were traces and logs without the key they came with; even is logs.
const TRACES = 3;
const LOGS = 4;
const REQUEST_BYTES = 1024 * 1024;
const SEGMENT_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 60_000;
/** What is wrong with the batch and not with the upstream or our key: sending it again cannot help. */
const POISON_STATUSES: ReadonlySet<number> = new Set([400, 413, 415, 422]);

export function startForwarder(options: ForwarderOptions): Forwarder {
  const { url, headers = {}, directory, maxBytes = 1024 ** 3, report } = options;
  const counts: ForwardCounts = { forwarded: 0, parked: 0, dropped: 0 };
  const segmentBytes = Math.max(64 * 1024, Math.min(SEGMENT_BYTES, Math.floor(maxBytes / 8)));
  const onLost = (records: number, why: string) => {
    counts.dropped += records;
    report(records > 0 ? `${records} spans and log records were not forwarded: ${why}.` : `forwarding: ${why}.`);
  };
  const spool = openSpool({ directory, maxBytes, segmentBytes, onLost });
  const parked = openSpool({
    directory: join(directory, 'parked'),
    maxBytes: maxBytes / 8,
    segmentBytes,
    onLost: () => undefined,
  });
  const stopping = new AbortController();
  let wake: () => void = () => undefined;
  let failures = 0;
  let lastFailure = '';

  const send = async (entries: readonly SpoolEntry[]): Promise<number> => {
    // Protobuf messages put behind each other are one message with the repeated fields of all.
    const body = gzipSync(Buffer.concat(entries.map((entry) => readEntry(entry).message)), { level: 1 });
    const path = (entries[0]?.kind ?? TRACES) % 2 === 0 ? '/v1/logs' : '/v1/traces';
    const response = await fetch(url.replace(/\/$/, '') + path, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/x-protobuf', 'content-encoding': 'gzip' },
      body,
      redirect: 'error',
      signal: AbortSignal.any([stopping.signal, AbortSignal.timeout(TIMEOUT_MS)]),
    });
    await response.arrayBuffer();
    if (response.ok) return 0;
    if (POISON_STATUSES.has(response.status)) throw new PoisonError(`status ${response.status}`);
    const retryAfter = RETRYABLE_STATUSES.has(response.status)
      ? Number(response.headers.get('retry-after'))
      : Number.NaN;
    throw new UpstreamError(
      `it answered with status ${response.status}`,
      retryAfter > 0 ? retryAfter * 1000 : undefined,
    );
  };

  const deliver = async (entries: readonly SpoolEntry[]): Promise<void> => {
    try {
      await send(entries);
      spool.advance(entries.length);
      counts.forwarded += recordsOf(entries);
      for (const entry of entries) options.onForwarded?.(readEntry(entry).keyId, entry.records);
    } catch (error) {
      if (!(error instanceof PoisonError)) throw error;
      // One of them is at fault: alone they are sent in order, and the one is set aside.
      if (entries.length > 1) return deliver(spool.peek(1));
      for (const entry of entries) parked.append(entry);
      spool.advance(1);
      counts.parked += recordsOf(entries);
      report(`the upstream refuses a batch for good (${error.message}); it is kept in ${join(directory, 'parked')}.`);
    }
    if (failures > 0) report('forwarding works again.');
    failures = 0;
    lastFailure = '';
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      const entries = spool.peek(REQUEST_BYTES);
      if (entries.length === 0) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      await deliver(entries).catch(async (error: unknown) => {
        if (stopping.signal.aborted) return;
        failures += 1;
        const reason = error instanceof UpstreamError ? error.message : `it cannot be reached (${causeOf(error)})`;
        if (reason !== lastFailure) report(`the upstream does not take what is forwarded: ${reason}. Trying on.`);
        lastFailure = reason;
        await pause(retryDelayMs(failures, error instanceof UpstreamError ? error.retryAfterMs : undefined));
      });
    }
  };
  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      stopping.signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  const running = run().catch((error: unknown) => report(`forwarding stopped: ${String(error)}`));

  const keep = (target: Spool, entry: SpoolEntry) => {
    try {
      target.append(entry);
    } catch (error) {
      onLost(entry.records, `the spool cannot be written (${causeOf(error)})`);
    }
  };
  return {
    counts,
    pendingBytes: () => spool.pendingBytes(),
    forward({ keyId, spans, logs }) {
      if (spans.length > 0)
        keep(spool, { kind: TRACES, records: spans.length, payload: keyed(keyId, encodeTracesProtobuf(spans)) });
      if (logs.length > 0)
        keep(spool, { kind: LOGS, records: logs.length, payload: keyed(keyId, encodeLogsProtobuf(logs)) });
      wake();
    },
    async close() {
      stopping.abort();
      wake();
      await running;
      spool.close();
      parked.close();
    },
  };
}

/** A payload: the key's length in two bytes, the key, the message. */
function keyed(keyId: string, message: Uint8Array): Buffer {
  const key = Buffer.from(keyId);
  const length = Buffer.alloc(2);
  length.writeUInt16LE(key.length);
  return Buffer.concat([length, key, message]);
}

function readEntry({ kind, payload }: SpoolEntry): { keyId: string; message: Buffer } {
  if (kind < TRACES) return { keyId: '', message: payload };
  const end = 2 + payload.readUInt16LE(0);
  return { keyId: payload.toString('utf8', 2, end), message: payload.subarray(end) };
}

class PoisonError extends Error {}

class UpstreamError extends Error {
  readonly retryAfterMs: number | undefined;
  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

// Exponential with full jitter, as OTLP asks; what the upstream wishes comes first, within reason.
function retryDelayMs(failures: number, retryAfterMs: number | undefined): number {
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, MAX_RETRY_MS);
  const ceiling = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures, 10));
  return ceiling / 2 + (Math.random() * ceiling) / 2;
}

function recordsOf(entries: readonly SpoolEntry[]): number {
  return entries.reduce((sum, { records }) => sum + records, 0);
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error;
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? (error as NodeJS.ErrnoException).code ?? message;
}
