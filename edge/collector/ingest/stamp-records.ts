import {
  ATTR_CLOCK_OFFSET,
  ATTR_GEO_COUNTRY,
  ATTR_KEY_ID,
  ATTR_SERVICE_NAME,
  ATTR_TRUST,
} from '../../../src/wire/names.ts';
import type { OtlpKeyValue } from '../../../src/wire/otlp.ts';
import { unixNanoToMs } from '../../../src/wire/time.ts';
import { type DecodedRequest, rejectLog, rejectSpan } from '../../otlp/decoded-request.ts';
import type { LogRecord, ResourceRecord, SpanRecord } from '../../otlp/records.ts';
import type { Sender } from './sender.ts';

/** What a clock may be ahead after correction; beyond, a span could pin itself to the top of every list. */
const MAX_AHEAD_MS = 24 * 60 * 60 * 1000;
/** Below this a measured clock offset is as likely the request's way as the clock. */
export const MIN_CLOCK_OFFSET_MS = 1000;
const STAMPS: ReadonlySet<string> = new Set([ATTR_TRUST, ATTR_KEY_ID, ATTR_CLOCK_OFFSET]);

/**
 * Drops from `request` what its sender may not write and puts on every resource where it came from, over anything the
 * sender wrote there itself. Resources stay shared between their records.
 */
export function stampRecords(request: DecodedRequest, sender: Sender, receivedAtMs: number): void {
  const offsetMs = request.sentAtMs === undefined ? undefined : receivedAtMs - request.sentAtMs;
  const stamps = new Map<ResourceRecord, ResourceRecord | undefined>();
  const stampOf = (resource: ResourceRecord) => {
    if (!stamps.has(resource)) stamps.set(resource, stampResource(resource, sender, offsetMs));
    return stamps.get(resource);
  };
  const latestMs = latestStartMs(receivedAtMs, offsetMs);
  const spans: SpanRecord[] = [];
  for (const record of request.spans) {
    const resource = stampOf(record.resource);
    if (!resource) rejectSpan(request, 'service_not_allowed');
    else if (isAfter(record.span.startTimeUnixNano, latestMs)) rejectSpan(request, 'invalid_time');
    else spans.push({ resource, scope: record.scope, span: record.span });
  }
  const logs: LogRecord[] = [];
  for (const record of request.logs) {
    const resource = stampOf(record.resource);
    if (!resource) rejectLog(request, 'service_not_allowed');
    else if (isAfter(record.log.timeUnixNano ?? record.log.observedTimeUnixNano, latestMs))
      rejectLog(request, 'invalid_time');
    else logs.push({ resource, scope: record.scope, log: record.log });
  }
  request.spans = spans;
  request.logs = logs;
}

function isAfter(nanos: string | undefined, limitMs: number): boolean {
  return (unixNanoToMs(nanos) ?? 0) > limitMs;
}

/** What starts after this, epoch ms of its sender's clock, is not taken. */
export function latestStartMs(receivedAtMs: number, offsetMs = 0): number {
  return receivedAtMs + MAX_AHEAD_MS - (Math.abs(offsetMs) < MIN_CLOCK_OFFSET_MS ? 0 : offsetMs);
}

/**
 * A resource with where it came from over anything the sender wrote there itself; `undefined` when the sender may not write
 * this service.
 */
export function stampResource(
  resource: ResourceRecord,
  sender: Sender,
  offsetMs: number | undefined,
): ResourceRecord | undefined {
  if (!sender.services.includes('*') && !sender.services.includes(serviceOf(resource))) return undefined;
  const { country } = sender;
  const isStamp = (key: string): boolean => STAMPS.has(key) || (country !== undefined && key === ATTR_GEO_COUNTRY);
  const attributes: OtlpKeyValue[] = resource.attributes.filter(({ key }) => !isStamp(key));
  attributes.push({ key: ATTR_TRUST, value: { stringValue: sender.trust } });
  attributes.push({ key: ATTR_KEY_ID, value: { stringValue: sender.keyId } });
  if (country !== undefined) attributes.push({ key: ATTR_GEO_COUNTRY, value: { stringValue: country } });
  if (offsetMs !== undefined && Number.isFinite(offsetMs))
    attributes.push({ key: ATTR_CLOCK_OFFSET, value: { intValue: String(Math.round(offsetMs)) } });
  return { ...resource, attributes };
}

// Of a key that is there twice the last counts, as everywhere.
function serviceOf({ attributes }: ResourceRecord): string {
  return attributes.findLast(({ key }) => key === ATTR_SERVICE_NAME)?.value?.stringValue ?? '';
}
