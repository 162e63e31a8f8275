import { SCOPE_LEDGER } from '../../../src/wire/names.ts';
import type { LogRecord } from '../../otlp/records.ts';
import { JsonPacker } from '../../store/packing/pack-json.ts';
import { ProtobufPacker } from '../../store/packing/pack-protobuf.ts';
import type { PackedBatch } from '../../store/packing/packed-batch.ts';
import { RequestPacker } from '../../store/packing/request-packer.ts';
import { NO_FILTER } from '../../store/packing/text-filter.ts';
import { UNUSUAL } from '../../store/packing/unusual.ts';
import { createScrubber, type ScrubCounts } from './scrub-records.ts';
import type { Sender } from './sender.ts';
import { latestStartMs, stampResource } from './stamp-records.ts';

/** A request that is valid in every part, ready for the journal. */
export interface PackedRequest {
  batch: PackedBatch;
  spans: number;
  logs: number;
  /** Log records with agents' totals, which are not stored. */
  ledgers: LogRecord[];
}

export interface PackOptions {
  format: 'json' | 'traces' | 'logs';
  maxRecords: number;
  sender: Sender;
  receivedAtMs: number;
  batchId?: string | undefined;
}

export type PackRequest = (body: Uint8Array, options: PackOptions) => PackedRequest | undefined;

/**
 * The short way from a body to the store: filtered, stamped and encoded in one pass. Answers `undefined` for whatever is not
 * plainly valid; the general way then decides what of it is refused, and why.
 * @param counts where what was taken out is counted; absent: nothing is
 */
export function createPackRequest(counts: ScrubCounts | undefined): PackRequest {
  // What is found in a request that then goes the general way is found there again: it counts once.
  const found: ScrubCounts = {};
  const filter = counts ? createScrubber(found) : NO_FILTER;
  const packer = new RequestPacker(filter);
  const json = new JsonPacker(packer);
  const protobuf = new ProtobufPacker(packer);

  return (body, options) => {
    const { format, maxRecords, sender, receivedAtMs, batchId } = options;
    const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
    try {
      const limits = { maxRecords, asideScope: SCOPE_LEDGER };
      if (format === 'json') json.pack(bytes, limits);
      else protobuf.pack(bytes, format, limits);
      const offsetMs = packer.sentAtMs === undefined ? undefined : receivedAtMs - packer.sentAtMs;
      const { trust, keyId } = sender;
      const sealed = packer.seal({
        receivedAtMs,
        trust,
        stamp: (resource) => stampResource(resource, sender, offsetMs),
        stampKey: [trust, keyId, sender.services, sender.country, offsetMs],
        // Rounded down: what comes within the last second before the limit goes the general way.
        latestSeconds: Math.floor(latestStartMs(receivedAtMs, offsetMs) / 1000) - 1,
      });
      // Resources are summed up before they are stamped.
      if (sender.country !== undefined) for (const { state } of sealed.traces) state.country = sender.country;
      const batch: PackedBatch = { receivedAtMs, trust, keyId, ...sealed };
      if (batchId !== undefined) batch.batchId = batchId;
      if (counts) addCounts(counts, found);
      return { batch, spans: packer.spans, logs: packer.logs, ledgers: [...packer.aside] };
    } catch (error) {
      if (error !== UNUSUAL) throw error;
      return undefined;
    } finally {
      packer.end();
      for (const rule of Object.keys(found) as (keyof ScrubCounts)[]) delete found[rule];
    }
  };
}

function addCounts(into: ScrubCounts, found: ScrubCounts): void {
  for (const [rule, count] of Object.entries(found) as [keyof ScrubCounts, number][])
    into[rule] = (into[rule] ?? 0) + count;
}
