import type { Span } from '@opentelemetry/api';
import type { Core } from '../core.ts';
import { traceHeaders } from '../otel/propagator.ts';
import { BAGGAGE } from '../wire/baggage.ts';

/** The headers that carry `span` along with a request the policy allows to be told; none without consent. */
export function requestHeaders(core: Core, span: Span): [name: string, value: string][] {
  if (core.identity.consent === 'off') return [];
  const headers = traceHeaders(span.spanContext());
  const baggage = core.baggage();
  if (baggage) headers.push([BAGGAGE, baggage]);
  return headers;
}
