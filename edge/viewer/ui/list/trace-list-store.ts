import { batch, signal } from '@preact/signals';
import type { TraceSummary } from '../../../store/trace-store.ts';
import { appendTraces, mergeTraces, showWaiting } from '../../model/merge-traces.ts';
import { formatFilter, type ListFilter } from '../../model/trace-filter-url.ts';
import { fetchTraces, type Problem, problemOf } from '../api.ts';

/** Rows a page: enough to fill a tall screen, few enough to come at once. */
const PAGE_ROWS = 50;
/** A session is shown whole; this is the most the API gives at once. */
const SESSION_ROWS = 500;
/** Changed traces asked for at one live update. */
const CHANGED_ROWS = 200;

/** The list of traces under one filter: what is shown, what waits, what went wrong. */
export function createTraceList() {
  const shown = signal<readonly TraceSummary[]>([]);
  const waiting = signal<readonly TraceSummary[]>([]);
  const isLoading = signal(true);
  const problem = signal<Problem | undefined>(undefined);
  const nextCursor = signal<string | undefined>(undefined);
  let filter: ListFilter = {};
  let running: AbortController | undefined;
  let isRefreshing = false;
  let mustRefreshAgain = false;

  /** Runs one request at a time: a newer one ends the older, whose answer nobody waits for any more. */
  async function load(more: { cursor?: string | undefined }): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    isLoading.value = true;
    try {
      const page = await fetchTraces(
        formatFilter(filter, { limit: filter.sessionId ? SESSION_ROWS : PAGE_ROWS, cursor: more.cursor }),
        mine.signal,
      );
      batch(() => {
        shown.value = more.cursor === undefined ? page.traces : appendTraces(shown.value, page.traces);
        if (more.cursor === undefined) waiting.value = [];
        nextCursor.value = page.nextCursor;
        problem.value = undefined;
        isLoading.value = false;
      });
    } catch (error) {
      if (mine.signal.aborted) return;
      batch(() => {
        problem.value = problemOf(error);
        isLoading.value = false;
      });
    }
  }

  /** Asks for what changed since the newest change known. One at a time; a call meanwhile makes one more round. */
  async function refresh(showAtOnce: () => boolean): Promise<void> {
    if (isRefreshing || isLoading.peek()) {
      mustRefreshAgain = isRefreshing;
      return;
    }
    isRefreshing = true;
    const of = filter;
    try {
      do {
        mustRefreshAgain = false;
        if (problem.peek()) return await load({});
        // One less than the newest known: changes within one ms are asked for again, and merging them twice is free.
        const updatedAfterMs = Math.max(0, newestChange(shown.peek(), waiting.peek()) - 1);
        const page = await fetchTraces(formatFilter(of, { limit: CHANGED_ROWS, updatedAfterMs }));
        if (of !== filter) return;
        const merged = mergeTraces(shown.peek(), waiting.peek(), page.traces);
        batch(() => {
          if (shown.peek().length === 0 || showAtOnce()) {
            shown.value = showWaiting(merged);
            waiting.value = [];
          } else {
            shown.value = merged.shown;
            waiting.value = merged.waiting;
          }
        });
      } while (mustRefreshAgain);
    } catch (error) {
      problem.value = problemOf(error);
    } finally {
      isRefreshing = false;
    }
  }

  return {
    shown,
    waiting,
    isLoading,
    problem,
    nextCursor,
    refresh,
    open(next: ListFilter): void {
      filter = next;
      void load({});
    },
    reload: () => void load({}),
    loadMore: () => void load({ cursor: nextCursor.peek() }),
    showWaiting(): void {
      batch(() => {
        shown.value = showWaiting({ shown: shown.peek(), waiting: waiting.peek() });
        waiting.value = [];
      });
    },
  };
}

function newestChange(...lists: ReadonlyArray<readonly TraceSummary[]>): number {
  let newest = 0;
  for (const list of lists) for (const trace of list) if (trace.updatedAtMs > newest) newest = trace.updatedAtMs;
  return newest;
}
