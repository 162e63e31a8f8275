import { VERSION } from 'throughline:version';
import { type Attributes, type SpanContext, trace } from '@opentelemetry/api';
import { createClock } from './browser/clock.ts';
import { guard, type Stop, warnOnce } from './browser/guard.ts';
import { onHidden } from './browser/listen.ts';
import { whenIdle } from './browser/when-idle.ts';
import { createActivities } from './context/activities.ts';
import { createPropagationPolicy } from './context/propagation-policy.ts';
import { createRequests } from './context/requests.ts';
import { createTaskContexts } from './context/task-contexts.ts';
import type { Core } from './core.ts';
import { createDelivery, type Delivery } from './delivery/delivery.ts';
import type { Handover } from './handover.ts';
import { createCapture } from './instrumentations/errors.ts';
import type { Settings } from './options.ts';
import { epochMsOf } from './otel/encode-span.ts';
import { createTracing, type Tracing } from './otel/provider.ts';
import { createOutgoing } from './outgoing.ts';
import { createResource } from './resource.ts';
import { createIdentity } from './session/identity.ts';
import { createPageView, type PageView } from './session/page-view.ts';
import { createRecent, type Recent } from './session/recent.ts';
import { createSessions } from './session/session.ts';
import { formatBaggage } from './wire/baggage.ts';
import { INGEST_PATH } from './wire/ingest.ts';
import {
  ATTR_CAUSALITY,
  ATTR_SESSION_PREVIOUS_ID,
  ATTR_WEB_VITAL_RATING,
  EVENT_SESSION_START,
  SCOPE_BROWSER,
} from './wire/names.ts';
import { FLAG_SAMPLED } from './wire/traceparent.ts';

const SEVERITY_INFO = 9;
const SEVERITY_ERROR = 17;
/** Views kept for what is still measured of them. */
const MAX_VIEWS = 10;

export interface Parts {
  core: Core;
  tracing: Tracing;
  delivery: Delivery;
  recent: Recent;
  /** In the order things were started. */
  stops: Stop[];
}

/** Puts together everything that instrumentations stand on. */
export function createCore(settings: Settings, handover: Handover | undefined): Parts {
  const nativeFetch = globalThis.fetch.bind(globalThis);
  const clock = createClock({ isHeld: () => activities.isBusy() });
  const activities = createActivities(clock.now);
  const contexts = createTaskContexts(() => tracing.foreignContext() ?? activities.fallback());
  const requests = createRequests(clock);
  const mayRecord = () => identity.consent !== 'off';
  const mayStore = () => identity.consent === 'full';
  const sessions = createSessions({
    now: Date.now,
    sampleRatio: settings.sampleRatio,
    rv: handover?.rv,
    mayStore,
    began({ previousId, startMs }) {
      // Once, when there is time or none left, and if that is still agreed to.
      const tell = () => {
        if (!leaving.delete(tell) || !mayStore()) return;
        const attributes = previousId ? { [ATTR_SESSION_PREVIOUS_ID]: previousId } : {};
        core.emit({ name: EVENT_SESSION_START, attributes, atMs: startMs });
      };
      leaving.add(tell);
      whenIdle(tell);
    },
  });
  const identity = createIdentity(settings.consent, settings.attributes, sessions);
  const policy = createPropagationPolicy(settings.propagateTo);
  const views: PageView[] = [createPageView(settings.route)];
  const leaving = new Set<() => void>();

  // Before delivery listens, so that what ends when the page is left is in its last batch.
  const leave = () => {
    for (const handler of leaving) guard(handler)();
    requests.leave();
    activities.endAll('page_hidden');
  };
  const stopLeaving = onHidden(leave);
  const resourceOf = createResource(settings);
  const delivery = createDelivery({
    url: settings.collector + INGEST_PATH,
    key: settings.key,
    resource: () => resourceOf(mayStore() ? sessions.current().id : undefined),
    scope: { name: SCOPE_BROWSER, version: VERSION },
    fetch: nativeFetch,
    now: clock.now,
    onAdvice: ({ ratio }) => sessions.advise(ratio),
    warn: warnOnce,
    mayStore,
  });
  const outgoing = createOutgoing(settings, delivery);
  const recent = createRecent(clock.now, (records) => delivery.count('unsampled', records));
  const release = (span: SpanContext | undefined, attributes: Attributes, send: () => void) => {
    if (!span || span.traceFlags & FLAG_SAMPLED) send();
    else recent.add(attributes, send);
  };
  const tracing = createTracing({
    contexts,
    now: clock.now,
    mayRecord,
    sample: sessions.sample,
    started: guard((span, parent) => {
      span.setAttributes(identity.current(core.view));
      // Nobody told us whose work this is; there was one interaction it could be.
      if (!contexts.held() && activities.of(parent)?.kind === 'interaction')
        span.setAttribute(ATTR_CAUSALITY, 'inferred');
      activities.started(span, parent);
    }),
    ended: guard((span) => {
      activities.ended(span, epochMsOf(span.endTime));
      // What began before a refusal is not told after it, whenever it ends.
      if (mayRecord() && epochMsOf(span.startTime) >= identity.refusedMs)
        release(span.spanContext(), span.attributes, () => outgoing.span(span));
    }),
  });

  const parts: Omit<Core, 'capture'> = {
    settings,
    clock,
    contexts,
    activities,
    policy,
    sessions,
    identity,
    requests,
    handover,
    fetch: nativeFetch,
    get view() {
      return views[0] as PageView;
    },
    show(view) {
      // What the one before says of itself, it says as long as it is shown.
      core.view.root?.();
      views.unshift(view);
      views.length = Math.min(views.length, MAX_VIEWS);
    },
    viewOf: (address) => views.find((view) => view.address === address) ?? core.view,
    ignores: ({ href, pathname }) =>
      settings.ignoreUrls.some((ignored) =>
        typeof ignored === 'string'
          ? href.startsWith(ignored) || pathname.startsWith(ignored)
          : href.search(ignored) >= 0,
      ),
    baggage() {
      if (settings.propagateBaggage.length === 0) return '';
      const known = identity.current(core.view);
      const told = settings.propagateBaggage.filter((name) => known[name] !== undefined);
      return formatBaggage(new Map(told.map((name) => [name, { value: String(known[name]) }])));
    },
    startSpan: (name, options, parent = contexts.active(), ids = {}) => tracing.startSpanAs(ids, name, options, parent),
    emit({ name, attributes, atMs = clock.now(), span: given, severity = SEVERITY_INFO }) {
      if (!mayRecord()) return;
      const span = given ?? trace.getSpanContext(contexts.active()) ?? core.view.root?.().spanContext();
      const told = { ...identity.current(core.view), ...attributes };
      release(span, told, () => outgoing.event({ name, attributes: told, atMs, span, severity }));
      if (severity >= SEVERITY_ERROR) recent.tell('error');
      else if (attributes[ATTR_WEB_VITAL_RATING] === 'poor') recent.tell('web_vital');
    },
    onLeave(handler) {
      leaving.add(handler);
      return () => leaving.delete(handler);
    },
  };
  const core: Core = Object.assign(parts, { capture: createCapture(parts) });
  const stops = [
    stopLeaving,
    () => delivery.stop(),
    recent.clear,
    tracing.register(),
    () => contexts.disable(),
    requests.stop,
    leave,
  ];
  return { core, tracing, delivery, recent, stops };
}
