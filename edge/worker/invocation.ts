import type { EpochMs } from '../../src/wire/time.ts';
import type { Pipeline } from './pipeline.ts';
import type { EdgeSpan } from './span.ts';

/** One run of a handler: what its spans share. */
export interface Invocation {
  readonly pipeline: Pipeline;
  /** Keeps the isolate alive for work after the response; absent where the platform needs no such thing. */
  readonly waitUntil: WaitUntil | undefined;
  readonly now: () => EpochMs;
  /** The incoming request, when it was one: decides what is same-origin, and what of it must not be passed on. */
  readonly request: Request | undefined;
  /** The span of the run itself. */
  root: EdgeSpan | undefined;
  /** Starts and ends of spans so far. Orders them where the platform's clock stands still. */
  sequence: number;
}

export type WaitUntil = (promise: Promise<unknown>) => void;

/**
 * A wall clock that cannot run backwards within one invocation, with the finest resolution there is: fractions of a
 * millisecond on Node, the time of the last I/O on Cloudflare.
 */
export function createClock(): () => EpochMs {
  const epochMs = Date.now();
  const startMs = performance.now();
  return () => epochMs + (performance.now() - startMs);
}
