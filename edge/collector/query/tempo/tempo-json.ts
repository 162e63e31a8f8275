import { decodeBase64, encodeBase64 } from '../../../otlp/base64.ts';
import { encodeJson } from '../../../otlp/encode-json.ts';
import type { SpanRecord } from '../../../otlp/records.ts';

const KINDS = ['UNSPECIFIED', 'INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'];
const STATUSES = ['UNSET', 'OK', 'ERROR'];

/**
 * OTLP as Tempo writes it in JSON: protobuf's own JSON, so ids are base64 and enums are names, where OTLP/JSON has hex and
 * numbers.
 */
export function toTempoJson(spans: readonly SpanRecord[]): object[] {
  const { resourceSpans = [] } = encodeJson({ spans, logs: [] });
  return resourceSpans.map((group) => ({
    ...group,
    scopeSpans: group.scopeSpans?.map((scopeGroup) => ({
      ...scopeGroup,
      spans: scopeGroup.spans?.map((span) => ({
        ...span,
        traceId: base64OfHex(span.traceId),
        spanId: base64OfHex(span.spanId),
        ...(span.parentSpanId ? { parentSpanId: base64OfHex(span.parentSpanId) } : {}),
        kind: `SPAN_KIND_${KINDS[span.kind ?? 0]}`,
        status: span.status ? { ...span.status, code: `STATUS_CODE_${STATUSES[span.status.code ?? 0]}` } : {},
        links: span.links?.map((link) => ({
          ...link,
          traceId: base64OfHex(link.traceId),
          spanId: base64OfHex(link.spanId),
        })),
      })),
    })),
  }));
}

export function base64OfHex(hex: string): string {
  return encodeBase64(Uint8Array.from(hex.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)));
}

/** The other way, for tests and for ids that come in from tools. */
export function hexOfBase64(text: string): string {
  return Array.from(decodeBase64(text) ?? [], (byte) => byte.toString(16).padStart(2, '0')).join('');
}
