import type { EpochMs } from '../../src/wire/time.ts';
import type { Pipeline } from './pipeline.ts';
import type { EdgeSpan } from './span.ts';
import { type UrlParts, urlParts } from './url-parts.ts';

export type WaitUntil = (promise: Promise<unknown>) => void;

/** One run of a handler: what its spans share. */
export interface Invocation {
  readonly pipeline: Pipeline;
  /** Keeps the isolate alive for work after the response; absent where the platform needs no such thing. */
  readonly waitUntil: WaitUntil | undefined;
  /** The incoming request, when it was one: what of it must not be passed on. */
  readonly request: Request | undefined;
  /** Where that request went: decides what is same-origin. */
  readonly url: UrlParts | undefined;
  /** What the platform's steady clock lacks to the epoch. */
  readonly originMs: number;
  /** The span of the run itself. */
  root: EdgeSpan | undefined;
  /** Starts and ends of spans so far. Orders them where the platform's clock stands still. */
  sequence: number;
}

export function createInvocation(pipeline: Pipeline, waitUntil?: WaitUntil | undefined, request?: Request): Invocation {
  return {
    pipeline,
    waitUntil,
    request,
    url: request && urlParts(request.url),
    originMs: Date.now() - performance.now(),
    root: undefined,
    sequence: 0,
  };
}

/**
 * Wall-clock time that cannot run backwards within one invocation, with the finest resolution there is: fractions of a
 * millisecond on Node, the time of the last I/O on Cloudflare.
 */
export function now({ originMs }: Invocation): EpochMs {
  return originMs + performance.now();
}
