import type { Context } from 'hono';
import { type IngestAnswer, QUERY_BATCH, QUERY_COMPRESSION, QUERY_KEY } from '../../../src/wire/ingest.ts';
import { MAX_PUBLIC_BODY_BYTES, MAX_PUBLIC_RECORDS } from '../../../src/wire/limits.ts';
import { decodeJson } from '../../otlp/decode-json.ts';
import { MalformedBodyError } from '../../otlp/decoded-request.ts';
import type { KeyRing } from '../key-ring.ts';
import { accept, acceptPacked, type IngestContext, type Rejections } from './accept.ts';
import type { IngestReply, IngestRequest } from './ingest-request.ts';
import { type Meter, recordsIn, startMeter } from './meter.ts';
import { gunzip, isGzip } from './read-body.ts';
import { Refusal } from './refusal.ts';
import { releaseBytes } from './release-bytes.ts';
import { inCountry, senderOfPage } from './sender.ts';

const BATCH_ID = /^[0-9a-f]{16}$/i;

/** Fixed, and the same for every origin: which origins may send is the key's matter, and no cookie is ever read. */
const PAGE_HEADERS = {
  'access-control-allow-origin': '*',
  // Without it a page of another origin cannot see when to come back.
  'access-control-expose-headers': 'Retry-After',
  'content-type': 'application/json',
  'x-content-type-options': 'nosniff',
};

/**
 * `POST /otlp`: a page's batch, sent so that the browser needs no preflight. The type of the body is not looked at;
 * gzip is known by `z=gz` or by its first two bytes.
 */
export async function handlePage(request: IngestRequest, context: IngestContext, keys: KeyRing): Promise<IngestReply> {
  context.counters.requests += 1;
  let meter: Meter | undefined;
  try {
    const sender = inCountry(senderOfPage(keys, request.query(QUERY_KEY), request.header('origin')), request.country());
    meter = startMeter(request, context, sender);
    const batchId = request.query(QUERY_BATCH)?.toLowerCase();
    if (batchId !== undefined && !BATCH_ID.test(batchId))
      throw new Refusal(400, 'The batch id (b=) must be 16 hex digits.');
    const raw = await request.readBody(MAX_PUBLIC_BODY_BYTES);
    context.counters.receivedBytes += raw.length;
    meter.used.bytes = raw.length;
    const isCompressed = request.query(QUERY_COMPRESSION) === 'gz' || isGzip(raw);
    const body = isCompressed ? gunzip(raw, MAX_PUBLIC_BODY_BYTES) : raw;
    meter.used.bytes = body.length;
    const packed = context.pack?.(body, {
      format: 'json',
      maxRecords: MAX_PUBLIC_RECORDS,
      sender,
      receivedAtMs: context.now(),
      batchId,
    });
    if (packed) {
      meter.used.records = packed.spans + packed.logs;
      releaseBytes(body);
      return answer(await acceptPacked(context, packed, sender.keyId));
    }
    const decoded = decodeJson(body, { maxRecords: MAX_PUBLIC_RECORDS });
    meter.used.records = recordsIn(decoded);
    if (!decoded.hasEnvelope)
      throw new Refusal(400, 'The body has neither resourceSpans nor resourceLogs: it is not OTLP/JSON.');
    return answer(await accept(context, decoded, sender, batchId));
  } catch (error) {
    return refuse(context, error);
  } finally {
    meter?.stop();
  }
}

function answer({ rejectedSpans, rejectedLogs, errorMessage }: Rejections): IngestReply {
  const told: IngestAnswer = {};
  if (errorMessage) {
    told.partialSuccess = { errorMessage };
    if (rejectedSpans) told.partialSuccess.rejectedSpans = String(rejectedSpans);
    if (rejectedLogs) told.partialSuccess.rejectedLogRecords = String(rejectedLogs);
  }
  return { status: 200, headers: PAGE_HEADERS, body: JSON.stringify(told) };
}

function refuse(context: IngestContext, error: unknown): IngestReply {
  const refusal = error instanceof MalformedBodyError ? new Refusal(400, error.message) : error;
  if (!(refusal instanceof Refusal)) throw error;
  const { refusedRequests } = context.counters;
  refusedRequests[refusal.status] = (refusedRequests[refusal.status] ?? 0) + 1;
  const answer: IngestAnswer = { error: refusal.message };
  const headers: Record<string, string> = { ...PAGE_HEADERS };
  if (refusal.retryAfter !== undefined) headers['retry-after'] = String(refusal.retryAfter);
  // Of a body that was refused unread nothing more is wanted.
  if (refusal.status === 413) headers.connection = 'close';
  return { status: refusal.status, headers, body: JSON.stringify(answer) };
}

/** `OPTIONS /otlp`: senders that set a header of their own are asked first. Browsers keep the answer for two hours. */
export function handlePagePreflight(c: Context): Response {
  return c.body(null, 204, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'content-type, content-encoding',
    'access-control-max-age': '7200',
  });
}
