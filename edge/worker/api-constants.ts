import type { SpanKind, SpanStatusCode } from '@opentelemetry/api';

// The API's enums as plain values: importing them would import the API.
export const SPAN_KIND = {
  INTERNAL: 0 as SpanKind.INTERNAL,
  SERVER: 1 as SpanKind.SERVER,
  CLIENT: 2 as SpanKind.CLIENT,
  PRODUCER: 3 as SpanKind.PRODUCER,
  CONSUMER: 4 as SpanKind.CONSUMER,
} as const;

export const STATUS_ERROR = 2 as SpanStatusCode.ERROR;
