import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CellResult, CollectorCell } from '../cell.ts';
import { waitUntil } from '../run-cell.ts';
import { type RunningCollector, startCollector } from '../running-collector.ts';
import { createRandom } from '../seeded-random.ts';
import { newBatch, type SpanBatch, sendBatch } from '../span-batches.ts';

/** What the process of the collector itself meets, with senders that never stop. */

const SENDERS = 3;
const FIRST_ANSWER_MS = 10_000;

/** Sends batches until the collector is gone; one that was not answered is sent again first, as an agent would. */
async function sendUntilGone(
  collector: RunningCollector,
  unanswered: SpanBatch[],
  acknowledged: SpanBatch[],
): Promise<void> {
  for (;;) {
    const batch = unanswered.pop() ?? newBatch();
    try {
      const status = await sendBatch(collector, batch);
      (status === 200 ? acknowledged : unanswered).push(batch);
      if (status === 503) return;
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
  const acknowledged: SpanBatch[] = [];
  const unanswered: SpanBatch[] = [];
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
