import type { Context } from 'hono';
import {
  MAX_PUBLIC_BODY_BYTES,
  MAX_PUBLIC_RECORDS,
  MAX_TRUSTED_BODY_BYTES,
  MAX_TRUSTED_RECORDS,
} from '../../../src/wire/limits.ts';
import { decodeJson } from '../../otlp/decode-json.ts';
import { decodeLogsProtobuf, decodeTracesProtobuf } from '../../otlp/decode-protobuf.ts';
import { createDecodedRequest, type DecodedRequest, MalformedBodyError } from '../../otlp/decoded-request.ts';
import { isForwarded } from '../is-forwarded.ts';
import type { KeyRing } from '../key-ring.ts';
import { accept, acceptPacked, type IngestContext, type Rejections } from './accept.ts';
import { CONTENT_TYPE, type Encoding, encodeExportAnswer, encodeStatus, type Signal } from './export-answer.ts';
import type { IngestReply, IngestRequest } from './ingest-request.ts';
import { type Meter, recordsIn, startMeter } from './meter.ts';
import type { PackedRequest } from './pack-request.ts';
import { gunzip } from './read-body.ts';
import { Refusal } from './refusal.ts';
import { releaseBytes } from './release-bytes.ts';
import { inCountry, type Sender, senderOfSdk } from './sender.ts';

export interface OtlpRouteOptions {
  keys: KeyRing;
  acceptLocal: boolean;
}

/**
 * `POST /v1/traces`, `/v1/logs`, `/v1/metrics`: OTLP/HTTP to the letter, for any SDK.
 * @see https://opentelemetry.io/docs/specs/otlp/#otlphttp
 */
export async function handleOtlp(
  request: IngestRequest,
  signal: Signal,
  context: IngestContext,
  options: OtlpRouteOptions,
): Promise<IngestReply> {
  context.counters.requests += 1;
  let encoding: Encoding = 'json';
  let meter: Meter | undefined;
  try {
    const stated = encodingOf(request.header('content-type'));
    if (stated) encoding = stated;
    if (request.method !== 'POST') throw new Refusal(405, 'OTLP is sent with POST.');
    const known = senderOfSdk({
      keys: options.keys,
      acceptLocal: options.acceptLocal && !isForwarded(request.header),
      authorization: request.header('authorization'),
      origin: request.header('origin'),
    });
    const sender = inCountry(known, request.country());
    meter = startMeter(request, context, sender);
    if (!stated)
      throw new Refusal(
        415,
        'The content type must be application/json or application/x-protobuf, as OTLP/HTTP has it.',
      );
    const body = await readOtlpBody(request, context, sender);
    meter.used.bytes = body.length;
    const packed = pack(body, { encoding, signal, sender }, context);
    if (packed) {
      meter.used.records = packed.spans + packed.logs;
      releaseBytes(body);
      return answer({ encoding, signal }, await acceptPacked(context, packed, sender.keyId));
    }
    const decoded = decode(body, { encoding, signal, sender });
    meter.used.records = recordsIn(decoded);
    const rejections = await accept(context, decoded, sender);
    rejections.errorMessage ||= warningFor(signal, encoding, decoded);
    return answer({ encoding, signal }, rejections);
  } catch (error) {
    return refuse(context, encoding, error);
  } finally {
    meter?.stop();
  }
}

function answer(form: { encoding: Encoding; signal: Signal }, rejections: Rejections): IngestReply {
  const { rejectedSpans, rejectedLogs, errorMessage } = rejections;
  const body = encodeExportAnswer(form.encoding, form.signal, { rejected: rejectedSpans + rejectedLogs, errorMessage });
  return { status: 200, headers: headersFor(form.encoding), body };
}

// A message with nothing rejected is OTLP's way to warn: the request was fine and did less than its sender may think.
function warningFor(signal: Signal, encoding: Encoding, decoded: DecodedRequest): string {
  if (signal === 'metrics') return 'Throughline keeps traces and logs; these metrics were accepted and not stored.';
  if (encoding === 'json' && !decoded.hasEnvelope)
    return 'The request held neither resourceSpans nor resourceLogs, so there was nothing to store.';
  return '';
}

async function readOtlpBody(request: IngestRequest, context: IngestContext, sender: Sender): Promise<Uint8Array> {
  const compression = request.header('content-encoding')?.trim().toLowerCase() ?? '';
  if (!['', 'identity', 'gzip', 'x-gzip'].includes(compression))
    throw new Refusal(415, 'The content encoding must be gzip, or none.');
  const maxBytes = sender.trust === 'trusted' ? MAX_TRUSTED_BODY_BYTES : MAX_PUBLIC_BODY_BYTES;
  const raw = await request.readBody(maxBytes);
  context.counters.receivedBytes += raw.length;
  return compression.endsWith('gzip') ? gunzip(raw, maxBytes) : raw;
}

// Metrics are read by the general way, which makes nothing of them.
function pack(body: Uint8Array, options: BodyOptions, { pack, now }: IngestContext): PackedRequest | undefined {
  const { encoding, signal, sender } = options;
  if (signal === 'metrics') return undefined;
  const maxRecords = maxRecordsOf(sender);
  return pack?.(body, { format: encoding === 'json' ? 'json' : signal, maxRecords, sender, receivedAtMs: now() });
}

interface BodyOptions {
  encoding: Encoding;
  signal: Signal;
  sender: Sender;
}

function maxRecordsOf(sender: Sender): number {
  return sender.trust === 'trusted' ? MAX_TRUSTED_RECORDS : MAX_PUBLIC_RECORDS;
}

function decode(body: Uint8Array, options: BodyOptions): DecodedRequest {
  const { encoding, signal, sender } = options;
  const limits = { maxRecords: maxRecordsOf(sender) };
  if (encoding === 'json') return decodeJson(body, limits);
  if (signal === 'metrics') return createDecodedRequest();
  return signal === 'traces' ? decodeTracesProtobuf(body, limits) : decodeLogsProtobuf(body, limits);
}

function encodingOf(contentType: string | undefined): Encoding | undefined {
  const type = contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (type === 'application/json') return 'json';
  return type === 'application/x-protobuf' || type === 'application/protobuf' ? 'protobuf' : undefined;
}

function headersFor(encoding: Encoding): Record<string, string> {
  return {
    'access-control-allow-origin': '*',
    // Without it an SDK in a page cannot see when to come back.
    'access-control-expose-headers': 'Retry-After',
    'content-type': CONTENT_TYPE[encoding],
    'x-content-type-options': 'nosniff',
  };
}

function refuse(context: IngestContext, encoding: Encoding, error: unknown): IngestReply {
  const refusal = error instanceof MalformedBodyError ? new Refusal(400, error.message) : error;
  if (!(refusal instanceof Refusal)) throw error;
  const { refusedRequests } = context.counters;
  refusedRequests[refusal.status] = (refusedRequests[refusal.status] ?? 0) + 1;
  const headers = headersFor(encoding);
  if (refusal.retryAfter !== undefined) headers['retry-after'] = String(refusal.retryAfter);
  if (refusal.status === 405) headers.allow = 'POST, OPTIONS';
  if (refusal.status === 401) headers['www-authenticate'] = 'Bearer';
  // Of a body that was refused unread nothing more is wanted.
  if (refusal.status === 413) headers.connection = 'close';
  return { status: refusal.status, headers, body: encodeStatus(encoding, refusal) };
}

/** `OPTIONS /v1/*`: SDKs in pages send JSON with a public key in a header, which browsers ask about first. */
export function handleOtlpPreflight(c: Context): Response {
  return c.body(null, 204, {
    'access-control-allow-origin': '*',
    'access-control-allow-methods': 'POST',
    'access-control-allow-headers': 'authorization, content-type, content-encoding',
    'access-control-max-age': '7200',
  });
}
