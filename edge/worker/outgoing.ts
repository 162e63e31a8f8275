import type { Context } from '@opentelemetry/api';
import { formatTraceparent, TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import type { Invocation } from './invocation.ts';
import type { EdgeSpan } from './span.ts';

/** Whether a request to `origin` may learn the trace: the incoming request's own origin, or one the options list. */
export function mayPropagate({ url, pipeline }: Invocation, origin: string): boolean {
  return url?.origin === origin || pipeline?.settings.mayPropagateTo(origin) === true;
}

/** The headers that carry a span's context. */
export function contextHeaders(span: EdgeSpan): Record<string, string> {
  const { traceId, spanId, traceFlags, traceState } = span.spanContext();
  const headers: Record<string, string> = { [TRACEPARENT]: formatTraceparent({ traceId, spanId, flags: traceFlags }) };
  const state = traceState?.serialize();
  if (state) headers[TRACESTATE] = state;
  return headers;
}

/** `contextHeaders`, and what the configured propagators add for `origin` (`undefined`: a binding). */
export function outgoingHeaders(span: EdgeSpan, context: Context, origin: string | undefined): Record<string, string> {
  const headers = contextHeaders(span);
  for (const { write } of span.invocation.pipeline?.settings.propagators ?? [])
    Object.assign(headers, write?.(context, span, origin));
  return headers;
}

/**
 * Headers of an outgoing request as the app gave them, without those of another context, plus `added`.
 * @param given what the app passed: `init.headers`, or the headers of its Request
 */
export function replaceContext(
  given: HeadersInit | undefined,
  added: Record<string, string>,
  { pipeline }: Invocation,
): HeadersInit {
  if (given === undefined) return added;
  const headers = new Headers(given);
  for (const name of pipeline?.settings.contextHeaders ?? []) headers.delete(name);
  for (const name in added) headers.set(name, added[name] as string);
  return headers;
}

/**
 * True when the app hands on headers of the request it is serving, as proxies do: then the caller's trace and baggage
 * would reach a stranger although nothing was configured. What the app wrote itself is its own business.
 */
export function copiesContext(given: HeadersInit | undefined, { request, pipeline }: Invocation): boolean {
  if (given === undefined || request === undefined) return false;
  const headers = new Headers(given);
  return (pipeline?.settings.contextHeaders ?? []).some((name) => {
    const value = headers.get(name);
    return value !== null && value === request.headers.get(name);
  });
}
