import { type Span, SpanStatusCode } from '@opentelemetry/api';
import { ATTR_ERROR_TYPE } from '../../src/wire/names.ts';
import { attempt } from './attempt.ts';

/** Notes what went wrong; the span goes on. */
export function noteError(span: Span, error: unknown): void {
  attempt(() => {
    span.setAttribute(ATTR_ERROR_TYPE, errorType(error));
    span.recordException(error instanceof Error ? error : String(error));
    span.setStatus({ code: SpanStatusCode.ERROR });
  });
}

/**
 * Runs `call` and tells how it ended, at once or when its promise settles. What it returns or throws stays as it is: the
 * returned promise rejects as the original does, so that nobody's unhandled rejection is hidden.
 */
export function observe<R>(call: () => R, done: (error: unknown, failed: boolean, result?: Awaited<R>) => void): R {
  let result: R;
  try {
    result = call();
  } catch (error) {
    done(error, true);
    throw error;
  }
  if (!isThenable(result)) {
    done(undefined, false, result as Awaited<R>);
    return result;
  }
  return result.then(
    (value) => {
      done(undefined, false, value as Awaited<R>);
      return value;
    },
    (error) => {
      done(error, true);
      throw error;
    },
  ) as R;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
}

/** Low-cardinality: the code or the class of an error, never its message. */
function errorType(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && code !== '' ? code : error.name || error.constructor.name;
}
