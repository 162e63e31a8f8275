import type { Context } from '@opentelemetry/api';
import type { Carried } from './carried.ts';
import type { EdgeSpan } from './span.ts';

/**
 * A further way for context to travel than `traceparent` and `tracestate`. One file each in `propagation/`; every hook
 * may be absent. Headers come from anyone: a propagator never throws for what they hold.
 */
export interface Propagator {
  /** The headers it uses: never handed on to hosts that were not configured. */
  readonly headers: readonly string[];
  /** The caller's span, when there is no `traceparent`. */
  readonly read?: (request: Request) => Carried | undefined;
  /** The context a request is handled in. */
  readonly enter?: (request: Request, context: Context, span: EdgeSpan) => Context;
  /** Headers of an outgoing request to `origin`; `undefined` for a binding. */
  readonly write?: (context: Context, span: EdgeSpan, origin: string | undefined) => Record<string, string>;
  /** Headers to append to the answer. */
  readonly answer?: (request: Request, response: Response, span: EdgeSpan) => Record<string, string> | undefined;
}
