import type { Attributes, SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-web';
import { warnOnce } from './browser/guard.ts';
import type { Delivery } from './delivery/delivery.ts';
import type { Outgoing as Offered, Settings } from './options.ts';
import { encodeSpan, microsToNano } from './otel/encode-span.ts';
import { createSpanId } from './wire/ids.ts';
import { ATTR_ACTIVITY, ATTR_EVENT_ID } from './wire/names.ts';
import { type AttributeMap, encodeAttributes } from './wire/otlp.ts';
import type { EpochMs } from './wire/time.ts';

const MINUTE_MS = 60_000;
const SEVERITY_ERROR = 17;
const STATUS_ERROR = 2;

export interface OutgoingEvent {
  name: string;
  attributes: Attributes;
  atMs: EpochMs;
  severity: number;
  span: SpanContext | undefined;
}

/** The last station before delivery: the site's redaction and its last word, the cap on events, the encoding. */
export interface Outgoing {
  span(span: ReadableSpan): void;
  event(event: OutgoingEvent): void;
}

export function createOutgoing({ redact, beforeSend, maxEventsPerMinute }: Settings, delivery: Delivery): Outgoing {
  let minute = 0;
  let eventsInMinute = 0;

  /** Applies the site's functions; `false` when it must not be sent. What they cannot judge is not sent. */
  function isWanted(type: Offered['type'], name: string, attributes: Attributes): boolean {
    try {
      if (redact)
        for (const key in attributes) {
          const value = attributes[key];
          if (typeof value === 'string') attributes[key] = String(redact(value, key));
        }
      if (beforeSend?.({ type, name, attributes }) !== false) return true;
    } catch (error) {
      warnOnce(`option "redact" or "beforeSend" threw, and what it was given is not sent: ${error}`);
    }
    delivery.count('before_send', 1);
    return false;
  }

  return {
    span(span) {
      const { attributes, name, status } = span;
      if (!isWanted('span', name, attributes)) return;
      const priority = status.code === STATUS_ERROR ? 'error' : ATTR_ACTIVITY in attributes ? 'root' : 'normal';
      delivery.span(encodeSpan(span), priority);
    },
    event({ name, attributes, atMs, severity, span }) {
      const now = Math.floor(atMs / MINUTE_MS);
      if (now !== minute) [minute, eventsInMinute] = [now, 0];
      eventsInMinute += 1;
      if (eventsInMinute > maxEventsPerMinute) return delivery.count('rate_capped', 1);
      if (!isWanted('event', name, attributes)) return;
      const record = {
        timeUnixNano: microsToNano(atMs * 1e3),
        severityNumber: severity,
        eventName: name,
        attributes: encodeAttributes({ [ATTR_EVENT_ID]: createSpanId(), ...attributes } as AttributeMap),
        ...(span && { traceId: span.traceId, spanId: span.spanId, flags: span.traceFlags }),
      };
      delivery.event(record, severity >= SEVERITY_ERROR ? 'error' : 'normal');
    },
  };
}
