import type { Attributes, Span } from '@opentelemetry/api';
import type { Consent } from './session/consent.ts';
import type { User } from './session/identity.ts';

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
  /** Says who is signed in, for what comes from now on; `undefined` for nobody. Sent with consent `full` only. */
  setUser(user: User | undefined): void;
  /** Adds attributes to what comes from now on: a tenant, a feature flag. `undefined` takes one away. */
  setAttributes(attributes: Attributes): void;
  /** Changes what the visitor agreed to, from now on. `off` forgets the session and what was not sent yet. */
  setConsent(consent: Consent): void;
  /** The session of now, 32 hex digits; `undefined` after `stop` and without consent. */
  readonly sessionId: string | undefined;
  /** The trace of the running task, else of the page view; 32 hex digits. */
  readonly traceId: string | undefined;
}
