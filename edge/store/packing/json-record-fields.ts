import { JsonFields } from './json-fields.ts';

/** Fields of a span, by their places in `SPAN_FIELDS`. */
export const SPAN = {
  traceId: 0,
  spanId: 1,
  parentSpanId: 2,
  name: 3,
  kind: 4,
  startTimeUnixNano: 5,
  endTimeUnixNano: 6,
  attributes: 7,
  status: 8,
  flags: 9,
  traceState: 10,
  droppedAttributesCount: 11,
  events: 12,
  droppedEventsCount: 13,
  links: 14,
  droppedLinksCount: 15,
} as const;

/** Fields of a log record, by their places in `LOG_FIELDS`. */
export const LOG = {
  timeUnixNano: 0,
  observedTimeUnixNano: 1,
  severityNumber: 2,
  severityText: 3,
  body: 4,
  eventName: 5,
  attributes: 6,
  droppedAttributesCount: 7,
  flags: 8,
  traceId: 9,
  spanId: 10,
} as const;

export const SPAN_FIELDS = new JsonFields(Object.keys(SPAN));
export const LOG_FIELDS = new JsonFields(Object.keys(LOG));
