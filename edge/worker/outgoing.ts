import type { Context } from '@opentelemetry/api';
import { formatTraceparent, TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import type { Invocation } from './invocation.ts';
import type { EdgeSpan } from './span.ts';

/** Whether a request to `origin` may learn the trace: the incoming request's own origin, or one the options list. */
export function mayPropagate({ url, pipeline }: Invocation, origin: string): boolean {
  return url?.origin === origin || pipeline.settings.mayPropagateTo(origin);
}

/** The headers that carry a span's context. */
export function contextHeaders(span: EdgeSpan): Record<string, string> {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const headers: Record<string, string> = {};
  headers[TRACEPARENT] = formatTraceparent({ traceId, spanId, flags: traceFlags });
  const state = traceState?.serialize();
  if (state) headers[TRACESTATE] = state;
  return headers;
}

/** `contextHeaders`, and what the configured propagators add for `origin` (`undefined`: a binding). */
export function outgoingHeaders(span: EdgeSpan, context: Context, origin: string | undefined): Record<string, string> {
  const { propagation } = span.invocation.pipeline.settings;
  return Object.assign(contextHeaders(span), propagation?.write(context, span, origin));
}

/**
 * Headers of an outgoing request as the app gave them, without those of another context, plus `added`. Without `added`, for
 * a stranger, what the app wrote itself is its own business; but when it hands on headers of the request it is serving, as
 * proxies do, the caller's trace and baggage would reach a host that was not configured.
 * @param given what the app passed: `init.headers`, or the headers of its Request
 * @returns `given` itself when nothing changes
 */
export function replaceContext(
  given: HeadersInit | undefined,
  added: Record<string, string> | undefined,
  { pipeline, request }: Invocation,
): HeadersInit | undefined {
  if (!given) return added;
  const headers = new Headers(given);
  const others = pipeline.settings.contextHeaders.filter((name) => {
    const value = headers.get(name);
    return value !== null && (added || value === request?.headers.get(name));
  });
  for (const name of others) headers.delete(name);
  for (const name in added) headers.set(name, added[name] as string);
  return added || others.length > 0 ? headers : given;
}
