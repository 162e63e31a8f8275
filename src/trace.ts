import {
  type Attributes,
  INVALID_SPAN_CONTEXT,
  type Span,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { guard } from './browser/guard.ts';

/** Runs `fn` in a span of `tracer`, and ends the span with it; see `Agent.trace`. Without a tracer nothing is recorded. */
export function runInSpan<T>(
  tracer: Tracer | undefined,
  name: string,
  fn: (span: Span) => T,
  attributes: Attributes = {},
): T {
  if (!tracer) return fn(trace.wrapSpanContext(INVALID_SPAN_CONTEXT));
  return tracer.startActiveSpan(name, { attributes }, (span) => {
    const failed = guard((error: unknown) => {
      span.recordException(error as Error);
      span.setStatus({ code: SpanStatusCode.ERROR });
      span.end();
    });
    let result: T;
    try {
      result = fn(span);
    } catch (error) {
      failed(error);
      throw error;
    }
    if (!(result instanceof Promise)) {
      span.end();
      return result;
    }
    result.then(undefined, failed);
    return result.then((value) => {
      span.end();
      return value;
    }) as T;
  });
}
