import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import type { AcceptedBatch } from '../../edge/store/trace-store.ts';
import { createRandom, type PageView, pageViews } from '../support/page-views.ts';

export const SPANS_PER_VIEW = 21;
export const DAY_MS = 24 * 3_600_000;

/** What queries are asked about a store that was loaded. */
export interface LoadedStore {
  directory: string;
  /** The 24 hours the page views are spread over. */
  fromMs: number;
  toMs: number;
  /** Some 2000 of the trace ids. */
  traceIds: string[];
  /** Any one of the page views. */
  sample: PageView;
}

// What comes of so many page views is sent together: an append is durable, and a sync a page view is not what is measured.
const VIEWS_PER_APPEND = 50;
const APPENDS_IN_FLIGHT = 24;
const PROGRESS_SPANS = 500_000;

/** Fills a new store with page views spread over the last 24 hours, and closes it. */
export async function loadStore(
  directory: string,
  spans: number,
  progress: (text: string) => void,
): Promise<LoadedStore> {
  const store = await openSqliteStore({ directory, maxBytes: 2 ** 40, report: fail });
  const count = Math.ceil(spans / SPANS_PER_VIEW);
  const toMs = Date.now();
  const fromMs = toMs - DAY_MS;
  const views = pageViews({ seed: 3, fromMs, everyMs: DAY_MS / count });
  const random = createRandom(9);
  const traceIds: string[] = [];
  let sample = views.next().value;
  let appends: Promise<unknown>[] = [];
  for (let done = 0; done < count; ) {
    const together: PageView[] = [];
    for (; together.length < VIEWS_PER_APPEND && done < count; done += 1) {
      const view = views.next().value;
      together.push(view);
      if (random() < 2000 / count) traceIds.push(view.traceId);
      if (random() < 1 / (done + 1)) sample = view;
    }
    for (const batch of joinBatches(together)) appends.push(store.append(batch));
    const loaded = done * SPANS_PER_VIEW;
    if (loaded % PROGRESS_SPANS < together.length * SPANS_PER_VIEW) progress(`loaded ${loaded} of ${spans} spans`);
    if (appends.length < APPENDS_IN_FLIGHT) continue;
    await Promise.all(appends);
    appends = [];
  }
  await Promise.all(appends);
  await store.close();
  return { directory, fromMs, toMs, traceIds, sample };
}

/** One batch for each kind of sender, so that a trace is made of as many chunks as it would be. */
function joinBatches(views: readonly PageView[]): AcceptedBatch[] {
  return ([0, 1, 2] as const).map((sender) => {
    const batches = views.map(({ batches }) => batches[sender]);
    const [first] = batches;
    if (!first) throw new Error('There are no page views to join.');
    return {
      ...first,
      spans: batches.flatMap(({ spans }) => spans),
      logs: batches.flatMap(({ logs }) => logs),
    };
  });
}

function fail(message: string): never {
  throw new Error(message);
}
