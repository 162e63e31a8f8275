import { BAGGAGE } from '../../src/wire/baggage.ts';
import { TRACEPARENT, TRACESTATE } from '../../src/wire/traceparent.ts';
import type { Propagation } from './propagators.ts';
import { followCaller, type Sampler } from './sampler.ts';
import type { ServerSpan } from './server-span.ts';
import type { TrustPolicy } from './trust.ts';

/** Something with `fetch`, such as a service binding. */
export interface Fetcher {
  fetch(input: string, init: RequestInit): Promise<Response>;
}

/** What every entry asks for: who sends, and where to. */
export interface ServiceOptions {
  /** Name of this service in traces. Default `worker`. */
  service?: string | undefined;
  /** Version of the deployed code, for the resource. */
  version?: string | undefined;
  /** Deployment environment, such as `production`. */
  environment?: string | undefined;
  /** Collector base URL; spans go to `{collector}/v1/traces`. Without it contexts are passed on and nothing is sent. */
  collector?: string | undefined;
  /** Secret key (`sk_…`), sent as bearer token. Keep it in a secret of the platform. */
  key?: string | undefined;
  /** Reaches the collector without the public network, such as a service binding. */
  binding?: Fetcher | undefined;
}

/** Options of the core's `instrument`. Nothing is checked but by their types. */
export interface CoreOptions extends ServiceOptions {
  /**
   * Origins outside this request's own that get the trace with outgoing requests, each written as `URL.origin` has it, or a
   * function of such an origin (`origins` makes one of patterns). Default none.
   */
  propagateTo?: readonly string[] | ((origin: string) => boolean) | undefined;
  /**
   * Trust in the context of incoming requests: for all, or decided per request (`trustTable` does it by the caller's origin).
   * Default `continue`; an unknown word is `restart`.
   */
  trust?: TrustPolicy | ((request: Request) => TrustPolicy) | undefined;
  /** Which traces are recorded. Default: all that start here, and those of callers that record them. */
  sampler?: Sampler | undefined;
  /** Further ways for context to travel: `propagators(documents, …)`. Default none. */
  propagation?: Propagation | undefined;
  /** `streams`: a server span lasts as long as its body is made. Without it, it ends when the answer starts. */
  streams?: ((server: ServerSpan, response: Response, end: (error?: unknown) => void) => Response) | undefined;
  /** Whether server spans say the client's IP address, where the platform tells it. Default false: it is personal data. */
  clientAddress?: boolean | undefined;
  /** Route template of a request (`/products/:id`), where no framework knows it. */
  route?: ((request: Request) => string | undefined) | undefined;
}

/** Options, or a function of the platform's bindings (`env`) for what is only known there, such as secrets. */
export type Source<O, Env> = O | ((env: Env) => O);

/** Options with nothing left open that is asked for in every request. */
export interface Settings extends CoreOptions {
  readonly service: string;
  readonly mayPropagateTo: (origin: string) => boolean;
  readonly trustOf: (request: Request) => TrustPolicy;
  readonly sampler: Sampler;
  /** Headers that carry a context, lower case. */
  readonly contextHeaders: readonly string[];
  /** The bindings as the handler gets them. */
  readonly traceEnv: <Env>(env: Env) => Env;
}

export function settingsOf(options: CoreOptions): Settings {
  const { propagateTo = [], trust = 'continue', propagation } = options;
  return {
    traceEnv: (env) => env,
    ...options,
    service: options.service || 'worker',
    sampler: options.sampler ?? followCaller,
    mayPropagateTo: typeof propagateTo === 'function' ? propagateTo : (origin) => propagateTo.includes(origin),
    trustOf: typeof trust === 'function' ? trust : () => trust,
    contextHeaders: [TRACEPARENT, TRACESTATE, BAGGAGE, ...(propagation?.headers ?? [])],
  };
}
