import { type Attributes, type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api';
import { guard } from './browser/guard.ts';

/** Runs `fn` in a span of `tracer`, and ends the span with it; see `Agent.trace`. */
export function runInSpan<T>(tracer: Tracer, name: string, fn: (span: Span) => T, attributes: Attributes = {}): T {
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
    return result.then(
      (value) => {
        span.end();
        return value;
      },
      (error) => {
        failed(error);
        throw error;
      },
    ) as T;
  });
}
