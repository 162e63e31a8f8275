import {
  ATTR_HTTP_RESPONSE_BODY_SIZE,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_REQUEST_PHASES,
  ATTR_RESOURCE_DECODED_BODY_SIZE,
  ATTR_RESOURCE_DELIVERY_TYPE,
  ATTR_RESOURCE_TRANSFER_SIZE,
  ATTR_TIMING_OPAQUE,
} from '../wire/names.ts';
import type { AttributePrimitive } from '../wire/otlp.ts';

type Attributes = Record<string, AttributePrimitive>;

/** `nextHopProtocol` is an ALPN id; OpenTelemetry wants the version. */
const PROTOCOL_VERSIONS: Attributes = { h2: '2', h3: '3', 'http/1.1': '1.1', 'http/1.0': '1.0' };

/**
 * What a resource timing says about its request. Phases are milliseconds from the entry's start. Without
 * `Timing-Allow-Origin` a server hides its phases as zeros, and its sizes too unless CORS shows them: then they are
 * opaque, not zero.
 */
export function resourceAttributes(timing: PerformanceResourceTiming): Attributes {
  const attributes: Attributes = {};
  if (timing.requestStart || timing.responseStart) attributes[ATTR_REQUEST_PHASES] = phasesOf(timing);
  // A cached answer may have no request either, but its other phases are told; CORS alone tells sizes and no phase.
  else if (timing.responseEnd && !timing.domainLookupStart) attributes[ATTR_TIMING_OPAQUE] = true;
  const version = PROTOCOL_VERSIONS[timing.nextHopProtocol];
  if (version) attributes[ATTR_NETWORK_PROTOCOL_VERSION] = version;
  if (timing.transferSize) attributes[ATTR_RESOURCE_TRANSFER_SIZE] = timing.transferSize;
  if (timing.encodedBodySize) attributes[ATTR_HTTP_RESPONSE_BODY_SIZE] = timing.encodedBodySize;
  if (timing.decodedBodySize !== timing.encodedBodySize)
    attributes[ATTR_RESOURCE_DECODED_BODY_SIZE] = timing.decodedBodySize;
  const { deliveryType } = timing as { deliveryType?: string };
  if (deliveryType) attributes[ATTR_RESOURCE_DELIVERY_TYPE] = deliveryType;
  return attributes;
}

function phasesOf(timing: PerformanceResourceTiming): string {
  const { startTime, redirectStart, redirectEnd, workerStart, fetchStart } = timing;
  const phase = (name: string, start: number, end: number) =>
    start > 0 && end > start ? ` ${name}:${Math.round(start - startTime)}-${Math.round(end - startTime)}` : '';
  const phases =
    phase('redirect', redirectStart, redirectEnd) +
    phase('worker', workerStart, fetchStart) +
    phase('dns', timing.domainLookupStart, timing.domainLookupEnd) +
    phase('connect', timing.connectStart, timing.connectEnd) +
    phase('tls', timing.secureConnectionStart, timing.connectEnd) +
    phase('wait', timing.requestStart, timing.responseStart) +
    phase('body', timing.responseStart, timing.responseEnd);
  return phases.slice(1);
}
