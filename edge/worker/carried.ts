/** A context that came with a message or a call, as its headers. */
export interface Carried {
  traceparent?: string | undefined;
  tracestate?: string | undefined;
}
