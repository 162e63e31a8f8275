import type { Span } from '@opentelemetry/api';
import type { Clock } from '../browser/clock.ts';
import { guard, type Stop } from '../browser/guard.ts';
import { observe } from '../browser/observe.ts';
import { resourceAttributes } from '../browser/resource-attributes.ts';
import { ATTR_END_REASON } from '../wire/names.ts';
import type { EpochMs } from '../wire/time.ts';

/** A request that is being made, from the call to the end of its response. */
export interface PendingRequest {
  /** The browser was given the request. */
  sent(): void;
  /** Response headers came; the span ends when the browser reports the body's end, or soon where nobody reads it. */
  answered(isRead: () => boolean): void;
  /** Ends the span now. */
  end(): void;
}

export interface Requests {
  /** @param url as the browser will report it: absolute, without a fragment */
  begin(url: string, span: Span): PendingRequest;
  /** The page is being left: ends all of them, and marks those without an answer. */
  leave(): void;
  stop: Stop;
}

interface Entry {
  span: Span;
  /** What makes a time of the performance timeline one of the span, also when the clock is set while it is open. */
  originMs: EpochMs;
  /** `performance.now()` right before and right after the browser was given the request. */
  beforeMs: number;
  afterMs: number;
  answeredMs?: number;
  /** Whether the page reads the answer's body. */
  isRead?(): boolean;
}

/** How long the span of an answered request waits for its timing entry; a stream may never get one. */
const MAX_BODY_MS = 30_000;
/** A body nobody reads may never end, nor be timed: looked at so often. */
const TIMING_GRACE_MS = 1000;
/** Entries are coarsened to 0.1 ms, where the page is isolated to 5 µs. */
const COARSE_MS = 0.2;

/**
 * Ends request spans with the browser's own timing of the response, so that nobody's body is cloned or read. One
 * observer serves all requests; parallel requests for one URL are told apart by when they started and were answered.
 */
export function createRequests(clock: Clock): Requests {
  const pending = new Map<string, Set<Entry>>();
  let isSweepDue = false;

  function finish(url: string, entry: Entry, endMs: number): void {
    const sameUrl = pending.get(url);
    if (!sameUrl?.delete(entry)) return;
    if (sameUrl.size === 0) pending.delete(url);
    entry.span.end(entry.originMs + endMs);
  }

  function timed(timing: PerformanceResourceTiming): void {
    let best: Entry | undefined;
    let bestGap = Number.POSITIVE_INFINITY;
    for (const entry of pending.get(timing.name) ?? []) {
      const { beforeMs, afterMs, answeredMs } = entry;
      const isOutside = timing.startTime < beforeMs - COARSE_MS || timing.startTime > afterMs + COARSE_MS;
      if (isOutside || answeredMs === undefined) continue;
      const gap = Math.abs(answeredMs - (timing.responseStart || timing.responseEnd));
      if (gap < bestGap) [best, bestGap] = [entry, gap];
    }
    if (!best) return;
    best.span.setAttributes(resourceAttributes(timing));
    finish(timing.name, best, timing.responseEnd);
  }

  /** Gives up what was answered long ago; one timer serves all, for each costs more than looking at a request. */
  function sweepLater(): void {
    if (isSweepDue) return;
    isSweepDue = true;
    setTimeout(
      guard(() => {
        isSweepDue = false;
        for (const [url, sameUrl] of pending)
          for (const entry of sameUrl) {
            const { answeredMs, isRead } = entry;
            if (answeredMs === undefined) continue;
            const graceMs = isRead?.() ? MAX_BODY_MS : TIMING_GRACE_MS;
            if (performance.now() - answeredMs >= graceMs) finish(url, entry, answeredMs);
            else sweepLater();
          }
      }),
      TIMING_GRACE_MS,
    );
  }

  function leave(): void {
    for (const [url, sameUrl] of pending)
      for (const entry of sameUrl) {
        if (entry.answeredMs === undefined) entry.span.setAttribute(ATTR_END_REASON, 'page_hidden');
        finish(url, entry, entry.answeredMs ?? performance.now());
      }
  }

  const stop = observe<PerformanceResourceTiming>('resource', (timing) => {
    if (pending.size > 0) timed(timing);
  });
  return {
    begin(url, span) {
      const beforeMs = performance.now();
      const originMs = clock.at(beforeMs) - beforeMs;
      const entry: Entry = { span, originMs, beforeMs, afterMs: Number.POSITIVE_INFINITY };
      const sameUrl = pending.get(url) ?? new Set();
      pending.set(url, sameUrl.add(entry));
      return {
        sent() {
          entry.afterMs = performance.now();
        },
        answered(isRead) {
          entry.answeredMs = performance.now();
          entry.isRead = isRead;
          sweepLater();
        },
        end: () => finish(url, entry, performance.now()),
      };
    },
    leave,
    stop,
  };
}
