import { trace } from '@opentelemetry/api';
import type { Agent } from './agent.ts';
import { guard, setDebug, stopAll, warnOnce } from './browser/guard.ts';
import { createCore } from './create-core.ts';
import { type Handover, takeHandover } from './handover.ts';
import { INSTRUMENTATIONS } from './instrumentations/index.ts';
import { type Options, parseOptions, type Settings } from './options.ts';
import { isRefused } from './session/consent.ts';
import { runInSpan } from './trace.ts';

/** The one global: the running agent. A second start finds it and stands down. */
const GLOBAL = 'throughline';

/**
 * Starts tracing this page.
 *
 * Never throws: a bad option gives one warning and its default; without a key or a collector, in a browser that lacks
 * what is needed, or when an agent runs already, it says so once and the answer does nothing.
 * @example
 * const agent = start({ key: 'pk_…', collector: 'https://collector.example', service: 'shop-web' });
 */
export function start(options: Options): Agent {
  try {
    const handover = takeHandover(GLOBAL);
    const settings = parseOptions(options);
    setDebug(settings.debug);
    const obstacle = findObstacle(settings);
    if (!obstacle) return run(settings, handover);
    warnOnce(obstacle);
  } catch (error) {
    warnOnce(`it could not start and stands down: ${error}`);
  }
  return IDLE_AGENT;
}

/** What `start` answers when it stands down. */
const IDLE_AGENT: Agent = {
  stop() {},
  flush: () => Promise.resolve(),
  trace: (name, fn, attributes) => runInSpan(undefined, name, fn, attributes),
  captureException() {},
  setUser() {},
  setAttributes() {},
  setConsent() {},
  sessionId: undefined,
  traceId: undefined,
};

function findObstacle({ key, collector }: Settings): string | undefined {
  if (GLOBAL in globalThis) return 'an agent runs on this page already; this second one stands down.';
  if (!key) return 'option "key" (data-key) is missing; the collector prints one when it starts. Nothing is traced.';
  if (!collector) return 'option "collector" (data-collector) is missing: where is your collector? Nothing is traced.';
  const needed = ['fetch', 'Proxy', 'MessageChannel', 'PerformanceObserver', 'queueMicrotask'];
  const missing = needed.filter((name) => !(name in globalThis));
  if (!globalThis.crypto?.getRandomValues) missing.push('crypto.getRandomValues');
  return missing.length > 0 ? `this browser has no ${missing.join(', ')}; nothing is traced.` : undefined;
}

function run(settings: Settings, handover: Handover | undefined): Agent {
  const { core, tracing, delivery, recent, stops } = createCore(settings, handover);
  const { contexts, identity, sessions } = core;
  if (isRefused(settings.consent)) {
    sessions.forget();
    delivery.discard();
  }
  const wanted = new Set(settings.instrumentations);
  const known = INSTRUMENTATIONS.map(({ name }) => name);
  for (const name of wanted)
    if (!known.includes(name.replace(/^-/, '')))
      warnOnce(`there is no signal "${name}"; there are ${known.join(', ')}.`);
  for (const { name, isOptional, start: startOne } of INSTRUMENTATIONS) {
    if (isOptional ? !wanted.has(name) : wanted.has(`-${name}`)) continue;
    try {
      stops.push(startOne(core));
    } catch (error) {
      warnOnce(`"${name}" could not start here: ${error}`);
    }
  }

  const page = globalThis as Record<string, unknown>;
  let isRunning = true;
  const agent: Agent = {
    stop() {
      isRunning = false;
      if (page[GLOBAL] === agent) delete page[GLOBAL];
      stopAll(stops)();
    },
    flush: () => delivery.flush(),
    trace: (name, fn, attributes) => runInSpan(tracing.tracer, name, fn, attributes),
    captureException: (error, attributes = {}) => core.capture(error, false, attributes),
    setUser: guard((user) => {
      identity.user = user && { ...user };
    }),
    setAttributes: guard((attributes) => {
      identity.attributes = { ...identity.attributes, ...attributes };
    }),
    setConsent: guard((consent) => {
      // What began under other rules ends under them.
      core.activities.endAll('superseded');
      identity.consent = consent;
      if (consent === 'full') return;
      identity.user = undefined;
      sessions.forget();
      recent.clear();
      if (consent !== 'off') return;
      identity.refusedMs = core.clock.now();
      delivery.discard();
    }),
    get sessionId() {
      return isRunning && identity.consent === 'full' ? sessions.current().id : undefined;
    },
    get traceId() {
      return (trace.getSpan(contexts.active()) ?? core.view.root?.())?.spanContext().traceId;
    },
  };
  Object.defineProperty(page, GLOBAL, { value: agent, configurable: true, writable: true });
  return agent;
}
