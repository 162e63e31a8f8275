import type { RejectReason } from '../../src/wire/loss.ts';
import type { OtlpSpan, OtlpSpanEvent, OtlpSpanLink } from '../../src/wire/otlp.ts';
import { isJsonObject, type JsonObject, parseKeyValues } from './json-value.ts';
import { compareUnixNano, parseUnixNano } from './unix-nano.ts';

const TRACE_ID = /^[0-9a-f]{32}$/i;
const SPAN_ID = /^[0-9a-f]{16}$/i;
const ZERO = /^0*$/;

/** The id in lower case; '' when absent, empty or all zero; `undefined` when it is no id. */
export function parseId(raw: unknown, pattern: RegExp): string | undefined {
  if (raw === undefined || raw === null || raw === '') return '';
  if (typeof raw !== 'string' || !pattern.test(raw)) return undefined;
  return ZERO.test(raw) ? '' : raw.toLowerCase();
}
export const parseTraceId = (raw: unknown): string | undefined => parseId(raw, TRACE_ID);
export const parseSpanId = (raw: unknown): string | undefined => parseId(raw, SPAN_ID);

/** An unsigned 32-bit number, 0 for null and absent; `undefined` for anything else. */
export function parseUint32(raw: unknown): number | undefined {
  if (raw === undefined || raw === null) return 0;
  return typeof raw === 'number' && Number.isInteger(raw) && raw >= 0 && raw <= 0xffff_ffff ? raw : undefined;
}

/** A string, '' for null and absent; `undefined` for anything else. */
export function parseText(raw: unknown): string | undefined {
  if (raw === undefined || raw === null) return '';
  return typeof raw === 'string' ? raw : undefined;
}

/** A span in canonical form (nothing empty or unset is written out), or why it cannot be one. */
export function parseSpan(raw: unknown): OtlpSpan | RejectReason {
  if (!isJsonObject(raw)) return 'invalid_shape';
  const traceId = parseTraceId(raw.traceId);
  const spanId = parseSpanId(raw.spanId);
  const parentSpanId = parseSpanId(raw.parentSpanId);
  if (!traceId || !spanId || parentSpanId === undefined) return 'invalid_id';
  const startTimeUnixNano = parseUnixNano(raw.startTimeUnixNano);
  const endTimeUnixNano = parseUnixNano(raw.endTimeUnixNano);
  if (!startTimeUnixNano || !endTimeUnixNano || startTimeUnixNano === '0') return 'invalid_time';
  if (compareUnixNano(endTimeUnixNano, startTimeUnixNano) < 0) return 'invalid_time';
  const name = parseText(raw.name);
  const kind = parseUint32(raw.kind);
  if (name === undefined || kind === undefined) return 'invalid_shape';
  const span: OtlpSpan = { traceId, spanId, name, kind: kind > 5 ? 0 : kind, startTimeUnixNano, endTimeUnixNano };
  if (parentSpanId) span.parentSpanId = parentSpanId;
  return addDetails(span, raw) ? span : 'invalid_shape';
}

function addDetails(span: OtlpSpan, raw: JsonObject): boolean {
  const traceState = parseText(raw.traceState);
  const flags = parseUint32(raw.flags);
  const attributes = parseKeyValues(raw.attributes);
  const droppedAttributes = parseUint32(raw.droppedAttributesCount);
  const droppedEvents = parseUint32(raw.droppedEventsCount);
  const droppedLinks = parseUint32(raw.droppedLinksCount);
  if (traceState === undefined || flags === undefined || attributes === undefined) return false;
  if (droppedAttributes === undefined || droppedEvents === undefined || droppedLinks === undefined) return false;
  if (traceState) span.traceState = traceState;
  if (flags) span.flags = flags;
  if (attributes.length > 0) span.attributes = attributes;
  if (droppedAttributes) span.droppedAttributesCount = droppedAttributes;
  if (droppedEvents) span.droppedEventsCount = droppedEvents;
  if (droppedLinks) span.droppedLinksCount = droppedLinks;
  return addEvents(span, raw.events) && addLinks(span, raw.links) && addStatus(span, raw.status);
}

export function addEvents(span: OtlpSpan, raw: unknown): boolean {
  if (raw === undefined || raw === null) return true;
  if (!Array.isArray(raw)) return false;
  const events: OtlpSpanEvent[] = [];
  for (const item of raw) {
    if (!isJsonObject(item)) return false;
    const timeUnixNano = parseUnixNano(item.timeUnixNano);
    const name = parseText(item.name);
    const attributes = parseKeyValues(item.attributes);
    const dropped = parseUint32(item.droppedAttributesCount);
    if (timeUnixNano === undefined || name === undefined || attributes === undefined || dropped === undefined)
      return false;
    const event: OtlpSpanEvent = { timeUnixNano, name };
    if (attributes.length > 0) event.attributes = attributes;
    if (dropped) event.droppedAttributesCount = dropped;
    events.push(event);
  }
  if (events.length > 0) span.events = events;
  return true;
}

export function addLinks(span: OtlpSpan, raw: unknown): boolean {
  if (raw === undefined || raw === null) return true;
  if (!Array.isArray(raw)) return false;
  const links: OtlpSpanLink[] = [];
  for (const item of raw) {
    if (!isJsonObject(item)) return false;
    const traceId = parseTraceId(item.traceId);
    const spanId = parseSpanId(item.spanId);
    const traceState = parseText(item.traceState);
    const attributes = parseKeyValues(item.attributes);
    const dropped = parseUint32(item.droppedAttributesCount);
    const flags = parseUint32(item.flags);
    if (traceState === undefined || attributes === undefined || dropped === undefined || flags === undefined)
      return false;
    // A link to nowhere is no reason to lose the span: it goes, counted, and the span stays.
    if (!traceId || !spanId) {
      span.droppedLinksCount = (span.droppedLinksCount ?? 0) + 1;
      continue;
    }
    const link: OtlpSpanLink = { traceId, spanId };
    if (traceState) link.traceState = traceState;
    if (attributes.length > 0) link.attributes = attributes;
    if (dropped) link.droppedAttributesCount = dropped;
    if (flags) link.flags = flags;
    links.push(link);
  }
  if (links.length > 0) span.links = links;
  return true;
}

export function addStatus(span: OtlpSpan, raw: unknown): boolean {
  if (raw === undefined || raw === null) return true;
  if (!isJsonObject(raw)) return false;
  const code = parseUint32(raw.code);
  const message = parseText(raw.message);
  if (code === undefined || message === undefined) return false;
  setStatus(span, code, message);
  return true;
}

/** Codes OTLP does not define count as unset. */
export function setStatus(span: OtlpSpan, code: number, message: string): void {
  const known = code > 2 ? 0 : code;
  if (known || message) span.status = message ? { code: known, message } : { code: known };
}
