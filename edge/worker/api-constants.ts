import type { SpanKind, SpanStatusCode } from '@opentelemetry/api';

// The API's enums as plain values: importing them would import the API.
export const KIND_INTERNAL = 0 as SpanKind.INTERNAL;
export const KIND_SERVER = 1 as SpanKind.SERVER;
export const KIND_CLIENT = 2 as SpanKind.CLIENT;
export const KIND_PRODUCER = 3 as SpanKind.PRODUCER;
export const KIND_CONSUMER = 4 as SpanKind.CONSUMER;
export const STATUS_ERROR = 2 as SpanStatusCode.ERROR;
