import type { TraceId } from '../../../src/wire/ids.ts';
import { formatPage, type ListedTrace, listNewest, listTrace } from '../listed-trace.ts';
import { comparePlaces, createSearch } from '../search.ts';
import type { TraceFilter } from '../trace-store.ts';
import { joinTwins } from './join-twins.ts';
import type { Shards } from './shards.ts';

/** How far from its share of a page a shard's part of it may be, in standard deviations, before it is asked twice. */
const DEVIATIONS = 3;

/**
 * A page of the traces of all shards, as JSON text. Traces are spread evenly, so each shard is asked for little more than its
 * share; one that turns out to have more of the page is asked again.
 */
export async function searchShards(shards: Shards, filter: TraceFilter): Promise<string> {
  const { limit } = createSearch(filter);
  const count = limit + 1;
  const share = count / shards.current.size;
  const asked = Math.min(count, Math.ceil(share + DEVIATIONS * Math.sqrt(share)));
  const first = await shards.ask((shard) => shard.search(filter, asked));
  const end = listNewest(first.flat())[limit];
  const mayHaveMore = (found: readonly ListedTrace[]): boolean => {
    const last = found[asked - 1];
    return asked < count && last !== undefined && (end === undefined || comparePlaces(last, end) < 0);
  };
  const isComplete = !first.some(mayHaveMore);
  const found = isComplete
    ? first
    : await shards.ask((shard, i) => {
        const known = first[i] ?? [];
        return mayHaveMore(known) ? shard.search(filter, count) : known;
      });
  return formatPage(await joinListed(shards, found.flat()), limit);
}

async function joinListed(shards: Shards, found: readonly ListedTrace[]): Promise<ListedTrace[]> {
  const joined = new Map<TraceId, ListedTrace>();
  const twins = new Set<TraceId>();
  for (const trace of found) {
    if (joined.has(trace.traceId)) twins.add(trace.traceId);
    joined.set(trace.traceId, trace);
  }
  for (const traceId of twins) {
    const states = await shards.askFor(traceId, (shard) => shard.summary(traceId));
    for (const state of joinTwins(states.filter((known) => known !== undefined))) joined.set(traceId, listTrace(state));
  }
  return [...joined.values()];
}
