import {
  type Attributes,
  type Context,
  createContextKey,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import { guard } from '../browser/guard.ts';
import { ATTR_ACTIVITY, ATTR_END_REASON } from '../wire/names.ts';
import type { EpochMs } from '../wire/time.ts';
import { linkedContext } from './linked-context.ts';

export type ActivityKind = 'page load' | 'navigation' | 'interaction';
export type EndReason = 'page_hidden' | 'capped' | 'superseded';

/** An activity is quiet, and ends, when nothing it started was in flight for this long. */
const QUIET_MS = 1000;
const MAX_ACTIVITY_MS = 30_000;
/** What was started inside still belongs to the trace this long after the end: slow chains, but no endless polling. */
const MAX_AFTERLIFE_MS = 30_000;
/** Events arrive late, but not later than so many others. */
const MAX_RECENT = 30;

/** When an interaction began, was handled and painted; times of the performance timeline. */
export type Wait = Readonly<
  Pick<PerformanceEventTiming, 'startTime' | 'processingStart' | 'processingEnd' | 'duration'>
>;

/** What roots a trace: a page load, a route change, or an interaction that led to work. */
export interface Activity {
  readonly kind: ActivityKind;
  /** Work that runs in this context belongs to the activity. */
  readonly context: Context;
  /** The root span, once something needed it. */
  readonly span: Span | undefined;
  /** The root span, made if it is not there yet. */
  root(): Span;
  readonly isOpen: boolean;
  /** What the browser told of an interaction's longest event so far. */
  waited?: Wait;
  /** Adds to the root span, also to one that is not needed yet. */
  describe(attributes: Attributes): void;
  /** Takes in a further event of an interaction. One that nothing came of so far begins with it, where it `begins`. */
  heard(atMs: EpochMs, begins?: boolean): void;
  /** Keeps the activity open until the answer is called, with the time at which that work ended. It is told of in any case. */
  keepOpen(): (endMs: EpochMs) => void;
  /** Ends it now; `endMs` defaults to the end of its last work. */
  end(reason?: EndReason, endMs?: EpochMs): void;
}

export interface ActivityStart {
  kind: ActivityKind;
  startMs: EpochMs;
  /** Where the activity itself belongs; by default it roots a trace. */
  parent?: Context | undefined;
  startSpan(parent: Context, options: { startTime: EpochMs; kind: SpanKind; attributes: Attributes }): Span;
  /** Called when it ends, to say what is known only then. */
  ending?(span: Span): void;
}

export interface Activities {
  begin(start: ActivityStart): Activity;
  of(context: Context | undefined): Activity | undefined;
  /** The context of work that runs outside of any known task; a guess, so only where there is one candidate. */
  fallback(): Context | undefined;
  /** Whether work may still join the activity of `context`; true for a context without one. */
  isLive(context: Context): boolean;
  /** The interaction whose event was in this time, the latest heard of; recent ones only. */
  interactionIn(fromMs: EpochMs, toMs: EpochMs): Activity | undefined;
  started(span: Span, parent: Context): void;
  ended(span: Span, endMs: EpochMs): void;
  endAll(reason: EndReason): void;
  /** Whether one that will be told of is open. */
  isBusy(): boolean;
}

const ACTIVITY_KEY = createContextKey('throughline activity');
// The API keeps its span key to itself.
const SPAN_KEY = ((): symbol => {
  let key = ACTIVITY_KEY;
  const spy = (asked: symbol) => {
    key = asked;
  };
  trace.getSpan({ getValue: spy, setValue: () => ROOT_CONTEXT, deleteValue: () => ROOT_CONTEXT });
  return key;
})();

interface Opened extends Activity {
  add(): void;
  done(endMs: EpochMs): void;
  isLive(): boolean;
}

/** @param now the page's clock, epoch ms */
export function createActivities(now: () => EpochMs): Activities {
  const open = new Set<Opened>();
  const owners = new WeakMap<Span, Opened>();
  const recent: { atMs: EpochMs; activity: Activity }[] = [];

  const activityOf = (context: Context | undefined) => context?.getValue(ACTIVITY_KEY) as Opened | undefined;

  function begin({ kind, startMs, parent = ROOT_CONTEXT, startSpan, ending }: ActivityStart): Opened {
    let span: Span | undefined;
    let described: Attributes = {};
    let endedMs: EpochMs | undefined;
    let inFlight = 0;
    let lastWorkMs = startMs;
    let quietTimer: ReturnType<typeof setTimeout> | undefined;
    let capTimer: ReturnType<typeof setTimeout> | undefined;

    const root = (): Span => {
      if (!span) {
        begun();
        span = startSpan(parent, {
          startTime: startMs,
          kind: SpanKind.INTERNAL,
          attributes: { ...described, [ATTR_ACTIVITY]: kind },
        });
        if (endedMs !== undefined) span.end(endedMs);
      }
      return span;
    };
    /** From here on it is told of, even if nothing ever asks for its span. */
    const begun = () => {
      if (endedMs !== undefined || open.has(activity)) return;
      capTimer = setTimeout(() => activity.end('capped'), MAX_ACTIVITY_MS - (now() - startMs));
      open.add(activity);
      whenQuiet();
    };
    const whenQuiet = () => {
      clearTimeout(quietTimer);
      if (inFlight === 0) quietTimer = setTimeout(() => activity.end(), QUIET_MS);
    };

    const withActivity = linkedContext(parent, ACTIVITY_KEY, () => activity);
    const activity: Opened = {
      kind,
      context: linkedContext(withActivity, SPAN_KEY, root),
      get span() {
        return span;
      },
      root,
      get isOpen() {
        return endedMs === undefined;
      },
      isLive: () => endedMs === undefined || now() - endedMs < MAX_AFTERLIFE_MS,
      add() {
        inFlight += 1;
        clearTimeout(quietTimer);
      },
      done(endMs) {
        inFlight -= 1;
        lastWorkMs = Math.max(lastWorkMs, endMs);
        if (endedMs === undefined) whenQuiet();
      },
      describe(attributes) {
        described = { ...described, ...attributes };
        span?.setAttributes(attributes);
      },
      heard(atMs, begins) {
        if (begins && !span) startMs = lastWorkMs = atMs;
        recent.push({ atMs, activity });
        if (recent.length > MAX_RECENT) recent.shift();
      },
      keepOpen() {
        activity.add();
        begun();
        let held = true;
        return (endMs) => {
          if (held) activity.done(endMs);
          held = false;
        };
      },
      end: guard((reason, endMs) => {
        if (endedMs !== undefined) return;
        if (open.has(activity)) root();
        open.delete(activity);
        endedMs = endMs ?? (reason && inFlight > 0 ? now() : lastWorkMs);
        clearTimeout(quietTimer);
        clearTimeout(capTimer);
        if (!span) return;
        if (reason) span.setAttribute(ATTR_END_REASON, reason);
        ending?.(span);
        span.end(endedMs);
      }),
    };
    if (kind === 'interaction') activity.heard(startMs);
    return activity;
  }

  return {
    begin,
    of: activityOf,
    fallback() {
      const candidates = [...open];
      const view = candidates.findLast(({ kind }) => kind !== 'interaction');
      return (view ?? (candidates.length === 1 ? candidates[0] : undefined))?.context;
    },
    interactionIn: (fromMs, toMs) => recent.findLast(({ atMs }) => atMs >= fromMs - 1 && atMs <= toMs + 1)?.activity,
    isLive: (context) => activityOf(context)?.isLive() ?? true,
    started(span, parent) {
      const activity = activityOf(parent);
      if (!activity?.isOpen) return;
      owners.set(span, activity);
      activity.add();
    },
    ended(span, endMs) {
      owners.get(span)?.done(endMs);
      owners.delete(span);
    },
    endAll(reason) {
      for (const activity of [...open].reverse()) activity.end(reason);
    },
    isBusy: () => open.size > 0,
  };
}
