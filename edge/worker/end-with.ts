import { setError } from './http-semantics.ts';
import type { EdgeSpan } from './span.ts';

/**
 * Calls `work` and ends the span with it: now when it returns, later when it returns a promise. An error is noted and
 * rethrown as it is. What `work` returns is returned itself, so that a promise of the platform keeps its type (an RPC
 * promise can be called on) and a synchronous function stays one.
 */
export function endWith<T>(span: EdgeSpan, work: () => T): T {
  let result: T;
  try {
    result = work();
  } catch (error) {
    setError(span, error);
    span.end();
    throw error;
  }
  if (typeof (result as { then?: unknown } | null | undefined)?.then !== 'function') {
    span.end();
    return result;
  }
  (result as unknown as PromiseLike<unknown>).then(
    () => span.end(),
    (error: unknown) => {
      setError(span, error);
      span.end();
    },
  );
  return result;
}
