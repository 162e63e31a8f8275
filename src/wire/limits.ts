/** Limits both sides of the wire hold; each with its reason. Sizes are bytes of UTF-8 unless the name says otherwise. */

/** All keepalive and beacon bodies of a page that are in flight together: the platform gives 64 KiB, we leave room. */
export const MAX_KEEPALIVE_BYTES = 60 * 1024;
/** A batch the agent aims at, as it goes over the wire. */
export const BATCH_TARGET_BYTES = 14 * 1024;
/** The longest string value of an attribute the agent sends; longer ones are cut. Stack traces have their own limit. */
export const MAX_ATTRIBUTE_CHARS = 2048;
export const MAX_STACK_CHARS = 8192;
/** OpenTelemetry SDK limits: attributes, events and links of one span. */
export const MAX_SPAN_ATTRIBUTES = 128;
export const MAX_SPAN_LINKS = 128;

/** The body a page may post, after decompression. An agent batch has 240 KiB, one at page exit 60 KiB. */
export const MAX_PUBLIC_BODY_BYTES = 1024 * 1024;
/** The body a trusted SDK may post, after decompression (OTLP recommends 64 MiB; a batch of 512 spans has 0.5). */
export const MAX_TRUSTED_BODY_BYTES = 16 * 1024 * 1024;
/** Nesting of arrays and maps in a body, counted before it is parsed. */
export const MAX_BODY_DEPTH = 32;
/** Spans, and log records, one request of a page may hold: an agent batch has some hundred. */
export const MAX_PUBLIC_RECORDS = 10_000;
/** The same for a trusted SDK; a batch processor sends 512. */
export const MAX_TRUSTED_RECORDS = 100_000;

/** The longest `traceparent`, `tracestate` or `baggage` read from a message; baggage may have 8 KiB, doubled for joins. */
export const MAX_CONTEXT_FIELD_BYTES = 16 * 1024;
