import type { Span } from '@opentelemetry/api';
import type { Core } from '../core.ts';
import { traceHeaders } from '../otel/propagator.ts';
import { BAGGAGE } from '../wire/baggage.ts';

/** The headers that carry `span` along with a request for `url`; none where it must not be told. */
export function requestHeaders(core: Core, span: Span, url: URL): [name: string, value: string][] {
  if (core.identity.consent === 'off' || !core.policy.allows(url)) return [];
  const headers = traceHeaders(span.spanContext());
  const baggage = core.baggage();
  if (baggage) headers.push([BAGGAGE, baggage]);
  return headers;
}
