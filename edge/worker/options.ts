import { documents, isDocument } from './document-join.ts';
import { originOf, origins } from './origins.ts';
import type { Propagator } from './propagator.ts';
import { type Propagation, propagators } from './propagators.ts';
import { ratio } from './ratio-sampler.ts';
import { type ServiceOptions, type Settings, type Source, settingsOf } from './settings.ts';
import { streams } from './streams.ts';
import { type TrustPolicy, type TrustTable, trustTable } from './trust.ts';
import { warnOnce } from './warn.ts';

/** Options of `instrument` and of the Hono middleware. */
export interface Options extends ServiceOptions {
  /** Share of new traces to record, 0 to 1. Default 1. A continued trace keeps its caller's decision or a lower share. */
  sampleRatio?: number | undefined;
  /**
   * Origins outside this request's own that get `traceparent` and `tracestate` on outgoing requests. Default none: the
   * request's own origin always does, strangers never do.
   */
  propagateTo?: readonly string[] | undefined;
  /**
   * Trust in the context of incoming requests: for all, by the caller's origin, or decided per request. Default
   * `continue`.
   */
  trust?: TrustPolicy | TrustTable | ((request: Request) => TrustPolicy) | undefined;
  /**
   * How many traces a second callers from elsewhere than the worker's own origin may have recorded by setting the sampled
   * flag, per isolate; beyond that they go on unsampled. Default unlimited.
   */
  maxForeignTracesPerSecond?: number | undefined;
  /** Further ways for context to travel: `baggage`, `b3`, `jaeger`, `answerTiming`. Default none. */
  propagators?: readonly Propagator[] | undefined;
  /** Whether server spans say the client's IP address, where the platform tells it. Default false: it is personal data. */
  clientAddress?: boolean | undefined;
  /** Whether a document's answer tells the browser its trace (`Server-Timing`). Default true. */
  serverTiming?: boolean | undefined;
  /** Wraps the platform's bindings, so that calls through `env` are traced. Default: they are not. */
  traceEnv?: (<Env extends object>(env: Env) => Env) | undefined;
  /** Changes HTML responses of navigations, such as by `injectScript`. Default: they stay as they are. */
  html?: ((response: Response) => Response) | undefined;
  /** Route template of a request, such as `/products/:id`, where no framework knows it. Default unknown. */
  route?: ((request: Request) => string | undefined) | undefined;
}

/** Options, or a function of the platform's bindings (`env`) for what is only known there, such as secrets. */
export type OptionsSource<Env = never> = Source<Options, Env>;

const KNOWN = (
  'service version environment collector key binding sampleRatio propagateTo trust serverTiming route traceEnv html ' +
  'propagators clientAddress maxForeignTracesPerSecond'
).split(' ');

/** Checks options; a bad value warns once and falls back to its default. Never throws. */
export function resolveOptions(options: Options): Settings {
  for (const name in options) if (!KNOWN.includes(name)) warnOnce(`There is no option "${name}".`);
  const { binding, propagators: more = [], serverTiming = true, clientAddress, route, traceEnv, html } = options;
  const carried = propagators(...(serverTiming ? [documents] : []), ...more);
  const core = settingsOf({
    service: checked(options, 'service', isText),
    version: checked(options, 'version', isText),
    environment: checked(options, 'environment', isText),
    collector: collectorOf(options),
    key: checked(options, 'key', isText),
    binding,
    propagateTo: origins(checked(options, 'propagateTo', isList) ?? []),
    trust: trustOf(options.trust),
    sampler: ratio(checked(options, 'sampleRatio', isRatio) ?? 1, options.maxForeignTracesPerSecond),
    propagation: html ? withHtml(carried, html) : carried,
    streams,
    clientAddress,
    route,
  });
  return traceEnv ? { ...core, traceEnv: (env) => (typeof env === 'object' && env ? traceEnv(env) : env) } : core;
}

function withHtml(propagation: Propagation, html: NonNullable<Options['html']>): Propagation {
  return {
    ...propagation,
    answer(request, response, span) {
      const answer = propagation.answer(request, response, span);
      return isDocument(request, answer) ? html(answer) : answer;
    },
  };
}

function checked<K extends keyof Options>(options: Options, name: K, isGood: (value: unknown) => boolean): Options[K] {
  const value = options[name];
  if (value === undefined || isGood(value)) return value;
  warnOnce(`Option "${name}" cannot be ${JSON.stringify(value)}; it is ignored.`);
  return undefined;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isRatio = (value: unknown): boolean => typeof value === 'number' && value >= 0 && value <= 1;
const isList = (value: unknown): boolean => Array.isArray(value) && value.every(isText);

function trustOf(trust: Options['trust']): ((request: Request) => TrustPolicy) | undefined {
  if (trust === undefined) return undefined;
  if (typeof trust === 'function') return (request) => policy(trust(request));
  if (typeof trust === 'string') {
    const always = policy(trust);
    return () => always;
  }
  return trustTable(Object.fromEntries(Object.entries(trust).map(([origin, value]) => [origin, policy(value)])));
}

// An unknown word may have meant less trust, never more.
function policy(value: TrustPolicy): TrustPolicy {
  if (value === 'continue' || value === 'link' || value === 'restart') return value;
  warnOnce(`Option "trust" must be "continue", "link" or "restart", not ${String(value)}; "restart" is used.`);
  return 'restart';
}

function collectorOf(options: Options): string | undefined {
  const url = checked(options, 'collector', isText);
  if (!url) warnOnce('No option "collector": contexts are passed on, but no spans are sent.');
  else if (originOf(url)) return url;
  else warnOnce(`Option "collector" must be an http or https URL, not "${url}"; no spans are sent.`);
  return undefined;
}
