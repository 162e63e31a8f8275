import { VERSION } from 'throughline:version';
import { type Attributes, trace } from '@opentelemetry/api';
import type { Agent } from './agent.ts';
import { createClock } from './browser/clock.ts';
import { guard, type Stop, setDebug, stopAll, warnOnce } from './browser/guard.ts';
import { onHidden } from './browser/listen.ts';
import { createActivities } from './context/activities.ts';
import { createPropagationPolicy } from './context/propagation-policy.ts';
import { createRequests } from './context/requests.ts';
import { createTaskContexts } from './context/task-contexts.ts';
import type { AgentEvent, Core } from './core.ts';
import { createDelivery } from './delivery/delivery.ts';
import { capture } from './instrumentations/errors.ts';
import { INSTRUMENTATIONS } from './instrumentations/index.ts';
import { type Options, parseOptions, type Settings } from './options.ts';
import { encodeSpan } from './otel/encode-span.ts';
import { createTracing } from './otel/provider.ts';
import { createResource } from './resource.ts';
import { createPageView } from './session/page-view.ts';
import { createSessions } from './session/session.ts';
import { runInSpan } from './trace.ts';
import { createSpanId } from './wire/ids.ts';
import { INGEST_PATH } from './wire/ingest.ts';
import { ATTR_ACTIVITY, ATTR_EVENT_ID, ATTR_PAGE_VIEW_ID, ATTR_SESSION_ID, SCOPE_BROWSER } from './wire/names.ts';
import { encodeAttributes } from './wire/otlp.ts';
import { msToUnixNano } from './wire/time.ts';

/** The one global: the running agent. A second start finds it and stands down. */
const GLOBAL = 'throughline';
const SEVERITY_INFO = 9;
const SEVERITY_ERROR = 17;

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
    const settings = parseOptions(options);
    setDebug(settings.debug);
    const obstacle = findObstacle(settings);
    if (!obstacle) return run(settings);
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
  trace: (name, fn, attributes) => runInSpan(trace.getTracer(SCOPE_BROWSER), name, fn, attributes),
  captureException() {},
  sessionId: undefined,
  traceId: undefined,
};

function findObstacle({ key, collector }: Settings): string | undefined {
  if (GLOBAL in globalThis) return 'an agent runs on this page already; this second one stands down.';
  if (!key) return 'option "key" (data-key) is missing; the collector prints one when it starts. Nothing is traced.';
  if (!collector) return 'option "collector" (data-collector) is missing: where is your collector? Nothing is traced.';
  const needed = ['fetch', 'Proxy', 'WeakMap', 'MessageChannel', 'PerformanceObserver', 'queueMicrotask'];
  const missing = needed.filter((name) => !(name in globalThis));
  if (!globalThis.crypto?.getRandomValues) missing.push('crypto.getRandomValues');
  return missing.length > 0 ? `this browser has no ${missing.join(', ')}; nothing is traced.` : undefined;
}

function run(settings: Settings): Agent {
  const nativeFetch = globalThis.fetch.bind(globalThis);
  const clock = createClock();
  const activities = createActivities(clock.now);
  const contexts = createTaskContexts(activities.fallback);
  const sessions = createSessions({ now: Date.now, sampleRatio: settings.sampleRatio, mayStore: () => true });
  const requests = createRequests(clock);
  const scope = { name: SCOPE_BROWSER, version: VERSION };
  const resource = createResource(settings);
  const leaving = new Set<() => void>();
  const stops: Stop[] = [];

  // Before delivery listens, so that what ends when the page is left is in its last batch.
  const leave = () => {
    for (const handler of leaving) handler();
    requests.leave();
    activities.endAll('page_hidden');
  };
  stops.push(onHidden(leave));
  const delivery = createDelivery({
    url: settings.collector + INGEST_PATH,
    key: settings.key,
    resource: () => resource,
    scope,
    fetch: nativeFetch,
    now: clock.now,
    onAdvice: ({ ratio }) => sessions.advise(ratio),
    warn: warnOnce,
    mayStore: () => true,
  });
  stops.push(() => delivery.stop());

  const common = (): Attributes => ({
    [ATTR_SESSION_ID]: sessions.current().id,
    [ATTR_PAGE_VIEW_ID]: core.view.id,
  });
  const tracing = createTracing({
    contexts,
    sample: sessions.sample,
    started: guard((span, parent) => {
      span.setAttributes(common());
      activities.started(span, parent);
    }),
    ended: guard((span) => {
      const encoded = encodeSpan(span);
      activities.ended(span, span.endTime[0] * 1000 + span.endTime[1] / 1e6);
      const isRoot = ATTR_ACTIVITY in span.attributes;
      delivery.span(encoded, span.status.code === 2 ? 'error' : isRoot ? 'root' : 'normal');
    }),
    unsampled: () => delivery.count('unsampled', 1),
  });

  const core: Core = {
    settings,
    clock,
    contexts,
    activities,
    policy: createPropagationPolicy(settings.propagateTo),
    sessions,
    requests,
    fetch: nativeFetch,
    view: createPageView(location.href, settings.route),
    startSpan: (name, options, parent = contexts.active(), ids = {}) => tracing.startSpanAs(ids, name, options, parent),
    emit({ name, attributes, atMs = clock.now(), span, severity = SEVERITY_INFO }: AgentEvent) {
      const of = span ?? trace.getSpanContext(contexts.active()) ?? core.view.root;
      if (of && !(of.traceFlags & 1)) return delivery.count('unsampled', 1);
      const record = {
        timeUnixNano: msToUnixNano(atMs),
        severityNumber: severity,
        eventName: name,
        attributes: encodeAttributes({ [ATTR_EVENT_ID]: createSpanId(), ...common(), ...attributes } as never),
        ...(of && { traceId: of.traceId, spanId: of.spanId, flags: of.traceFlags }),
      };
      delivery.event(record, severity >= SEVERITY_ERROR ? 'error' : 'normal');
    },
    onLeave(handler) {
      leaving.add(handler);
      return () => leaving.delete(handler);
    },
  };
  stops.push(tracing.register(), () => contexts.disable(), leave);
  for (const { name, start: startOne } of INSTRUMENTATIONS) {
    try {
      stops.push(startOne(core));
    } catch (error) {
      warnOnce(`"${name}" could not start here: ${error}`);
    }
  }

  let isRunning = true;
  const agent: Agent = {
    stop() {
      if (!isRunning) return;
      isRunning = false;
      if ((globalThis as Record<string, unknown>)[GLOBAL] === agent)
        delete (globalThis as Record<string, unknown>)[GLOBAL];
      stopAll(stops)();
    },
    flush: () => delivery.flush(),
    trace: (name, fn, attributes) => runInSpan(tracing.tracer, name, fn, attributes),
    captureException: guard((error, attributes) => capture(core, error, false, attributes ?? {})),
    get sessionId() {
      return isRunning ? sessions.current().id : undefined;
    },
    get traceId() {
      return (trace.getSpanContext(contexts.active()) ?? core.view.root)?.traceId;
    },
  };
  Object.defineProperty(globalThis, GLOBAL, { value: agent, configurable: true, writable: true, enumerable: false });
  return agent;
}
