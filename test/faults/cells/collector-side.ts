import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomHex } from '../../../src/wire/ids.ts';
import { msToUnixNano } from '../../../src/wire/time.ts';
import type { CellResult, CollectorCell } from '../cell.ts';
import type { MadeRecord } from '../ground-truth.ts';
import { waitUntil } from '../run-cell.ts';
import { PAGE_KEY, type RunningCollector, startCollector } from '../running-collector.ts';
import { createRandom } from '../seeded-random.ts';

/** What the process of the collector itself meets, with senders that never stop. */

const SENDERS = 3;
const SPANS_A_BATCH = 20;
const FIRST_ANSWER_MS = 10_000;

interface Batch {
  id: string;
  made: MadeRecord[];
  body: string;
}

function newBatch(): Batch {
  const traceId = randomHex(16);
  const now = Date.now();
  const spans = Array.from({ length: SPANS_A_BATCH }, (_, index) => ({
    traceId,
    spanId: randomHex(8),
    name: `work ${index}`,
    kind: 1,
    startTimeUnixNano: msToUnixNano(now - 5),
    endTimeUnixNano: msToUnixNano(now),
    attributes: [{ key: 'fill', value: { stringValue: 'x'.repeat(100) } }],
  }));
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: 'shop-web' } }] };
  const body = JSON.stringify({ sentAt: now, resourceSpans: [{ resource, scopeSpans: [{ scope: {}, spans }] }] });
  return {
    id: randomHex(8),
    made: spans.map(({ spanId }) => ({ traceId, id: spanId, kind: 'span', atMs: now })),
    body,
  };
}

/** Sends batches until the collector is gone; one that was not answered is sent again first, as an agent would. */
async function sendUntilGone(collector: RunningCollector, unanswered: Batch[], acknowledged: Batch[]): Promise<void> {
  for (;;) {
    const batch = unanswered.pop() ?? newBatch();
    try {
      const address = `${collector.url}/otlp?k=${PAGE_KEY}&b=${batch.id}`;
      const response = await fetch(address, { method: 'POST', body: batch.body });
      await response.text();
      if (response.ok) acknowledged.push(batch);
      else unanswered.push(batch);
      if (response.status === 503) return;
    } catch {
      unanswered.push(batch); // expected: it died in the middle
      return;
    }
  }
}

/** Ends the collector `times` times at random moments, and counts what of all it acknowledged is there at the end. */
async function endAgainAndAgain(times: number, signal: 'SIGKILL' | 'SIGTERM'): Promise<Omit<CellResult, 'name'>> {
  const data = mkdtempSync(join(tmpdir(), 'throughline-ended-'));
  const random = createRandom(times);
  const acknowledged: Batch[] = [];
  const unanswered: Batch[] = [];
  let failed: string | undefined;
  try {
    for (let cycle = 0; cycle < times; cycle++) {
      const collector = await startCollector({ data });
      const sending = Array.from({ length: SENDERS }, () => sendUntilGone(collector, unanswered, acknowledged));
      // Every other time not before it has acknowledged something, however slow the machine is.
      const before = acknowledged.length;
      if (cycle % 2 === 0) await waitUntil(async () => acknowledged.length > before, FIRST_ANSWER_MS);
      // The pause is what is tested: the collector ends wherever it happens to be.
      await new Promise((resolve) => setTimeout(resolve, 20 + random() * 250));
      const code = await collector.end(signal);
      if (signal === 'SIGTERM' && code !== 0) failed ??= `it ended with ${code}`;
      await Promise.all(sending);
    }
    const collector = await startCollector({ data });
    const made = acknowledged.flatMap((batch) => batch.made);
    const counts = await collector.stored(made);
    await collector.end('SIGTERM');
    const missing = made.filter(({ id }) => !counts.has(id)).length;
    const duplicates = [...counts.values()].reduce((sum, count) => sum + count - 1, 0);
    if (made.length === 0) failed ??= 'nothing was acknowledged';
    if (missing > 0) failed ??= `${missing} acknowledged spans are gone`;
    if (duplicates > 0) failed ??= `${duplicates} are stored twice`;
    const result = { n: made.length, deliveredNow: made.length - missing, deliveredLater: 0, duplicates };
    return { ...result, unknownLoss: missing, pageErrors: 0, ...(failed && { failed }) };
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
}

const ended = (times: number, signal: 'SIGKILL' | 'SIGTERM', fast: boolean): CollectorCell => ({
  name: `the collector ends (${signal}) ${times} times under load`,
  fast,
  measure: () => endAgainAndAgain(times, signal),
});

export const COLLECTOR_SIDE: readonly CollectorCell[] = [
  ended(20, 'SIGKILL', true),
  ended(200, 'SIGKILL', false),
  ended(10, 'SIGTERM', true),
];
