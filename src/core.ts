import type { Attributes, Context, Span, SpanContext, SpanOptions } from '@opentelemetry/api';
import type { Clock } from './browser/clock.ts';
import type { Stop } from './browser/guard.ts';
import type { Activities } from './context/activities.ts';
import type { PropagationPolicy } from './context/propagation-policy.ts';
import type { Requests } from './context/requests.ts';
import type { TaskContexts } from './context/task-contexts.ts';
import type { Handover } from './handover.ts';
import type { Settings } from './options.ts';
import type { GivenIds } from './otel/provider.ts';
import type { Identity } from './session/identity.ts';
import type { PageView } from './session/page-view.ts';
import type { Sessions } from './session/session.ts';
import type { EpochMs } from './wire/time.ts';

/** One signal of the agent. `start` may patch, listen and observe; the answer undoes all of it. */
export interface Instrumentation {
  /** As sites write it in the option `instrumentations`. */
  readonly name: string;
  /** Runs only when the site asks for it. */
  readonly isOptional?: boolean;
  start(core: Core): Stop;
}

/** An event: a log record with a name. */
export interface AgentEvent {
  name: string;
  attributes: Attributes;
  /** Default now. */
  atMs?: EpochMs;
  /** The span it belongs to; by default that of the running task, else of the page view. */
  span?: SpanContext | undefined;
  /** OpenTelemetry severity number; 17 (ERROR) and above is sent first. */
  severity?: number;
}

/** What instrumentations are given. */
export interface Core {
  readonly settings: Settings;
  readonly clock: Clock;
  readonly contexts: TaskContexts;
  readonly activities: Activities;
  readonly policy: PropagationPolicy;
  readonly sessions: Sessions;
  readonly identity: Identity;
  readonly requests: Requests;
  /** What the inline loader saw before us. */
  readonly handover: Handover | undefined;
  /** `fetch` as it was before we patched it. */
  readonly fetch: typeof fetch;
  /** The page view of now. */
  readonly view: PageView;
  /** Makes `view` the page's; the ones before are kept for what is still measured of them. */
  show(view: PageView): void;
  /** The view that `address` was shown in, the latest where there were several; the present one if none fits. */
  viewOf(address: string | undefined): PageView;
  /** Whether the site wants requests for `url` left alone. */
  ignores(url: URL): boolean;
  /** `baggage` for requests that carry the trace; empty where nothing is to be told. */
  baggage(): string;
  startSpan(name: string, options: SpanOptions, parent?: Context, ids?: GivenIds): Span;
  emit(event: AgentEvent): void;
  /** Reports an exception; equal ones within seconds become one with a count. */
  capture(error: unknown, isUncaught: boolean, attributes: Attributes): void;
  /** Calls `handler` when the page is hidden or left, before the last batch is sent. */
  onLeave(handler: () => void): Stop;
}
