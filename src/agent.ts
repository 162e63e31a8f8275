import type { Attributes, Span } from '@opentelemetry/api';

/** What `start` answers. Every method may be called at any time, also after `stop`; none throws of itself. */
export interface Agent {
  /** Restores everything that was patched, ends what is open, sends what waits and stops. */
  stop(): void;
  /** Sends what waits; resolves when the collector answered or could not be reached. Never rejects. */
  flush(): Promise<void>;
  /**
   * Runs `fn` in a span of its own, under whatever runs now. The span ends when `fn` returns, or when the promise it
   * returns settles; what it throws is recorded as the span's error and thrown on.
   */
  trace<T>(name: string, fn: (span: Span) => T, attributes?: Attributes): T;
  /** Reports an error the page has handled, in the trace of the running task. */
  captureException(error: unknown, attributes?: Attributes): void;
  /** The session of now, 32 hex digits; `undefined` after `stop` and without consent. */
  readonly sessionId: string | undefined;
  /** The trace of the running task, else of the page view; 32 hex digits. */
  readonly traceId: string | undefined;
}
