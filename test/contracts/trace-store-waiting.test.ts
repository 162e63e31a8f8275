import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkStore } from '../../edge/store/sqlite/check-store.ts';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { type AcceptedBatch, StoreUnavailableError, type TraceStore } from '../../edge/store/trace-store.ts';
import { encodeAttributes } from '../../src/wire/otlp.ts';
import { pageViews } from '../support/page-views.ts';

// With their batches a little over 1 MB each: more than may wait for blocks before answers wait too.
const TOO_MANY = 36;
const BATCH_BYTES = 1024 * 1024;

let directory: string;
let store: TraceStore;
let reports: string[];
const views = pageViews({ seed: 21 });

async function open(): Promise<void> {
  store = await openSqliteStore({ directory, quietMs: 0, report: (message) => reports.push(message) });
}

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-waiting-'));
  reports = [];
  await open();
});
afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true, force: true });
});

test('more than may wait, sent at once, is answered, stored once and found', async () => {
  const batches = Array.from({ length: 3 * TOO_MANY }, largeBatch);
  // Sixteen senders, each of which waits for its answers.
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let batch = batches[next++]; batch; batch = batches[next++]) {
      expect(await store.append(batch)).toMatchObject({ storedSpans: batch.spans.length });
    }
  };
  await Promise.all(Array.from({ length: 16 }, sender));
  const spans = spansOf(batches);
  expect(await store.stats()).toMatchObject({ traces: batches.length, spans });
  await store.close();
  expect(reports).toEqual([]);
  expect(await checkStore(directory)).toMatchObject({ problems: [], traces: batches.length, spans });
});

test('an answer waits until no more waits for blocks than may', async () => {
  const batches = Array.from({ length: 2 * TOO_MANY }, largeBatch);
  await Promise.all(batches.map((batch) => store.append(batch)));
  await store.append(largeBatch());
  expect(tracesInBlocks()).toBeGreaterThanOrEqual(batches.length - 32);
});

test('while blocks cannot be written an answer waits until that is known, and is then given', async () => {
  const release = await lockPart();
  const batches = Array.from({ length: TOO_MANY }, largeBatch);
  await Promise.all(batches.map((batch) => store.append(batch)));
  for (let i = 0; i < 3; i += 1) {
    await untilNothingIsWritten();
    const before = reports.length;
    const batch = largeBatch();
    batches.push(batch);
    expect(await store.append(batch)).toMatchObject({ storedSpans: batch.spans.length });
    expect(reports.slice(before)).toContainEqual(expect.stringContaining('could not be moved from the journal'));
  }
  release();
  await store.close();
  expect(await checkStore(directory)).toMatchObject({ problems: [], spans: 21 + spansOf(batches) });
});

test('who waits when the store is closed is told so, and what was answered is there when it opens again', async () => {
  const release = await lockPart();
  const batches = Array.from({ length: TOO_MANY }, largeBatch);
  await Promise.all(batches.map((batch) => store.append(batch)));
  await untilNothingIsWritten();
  const waiting = Array.from({ length: 8 }, () => store.append(largeBatch()));
  const closing = store.close();
  const answers = await Promise.allSettled(waiting);
  await closing;
  for (const answer of answers) {
    expect(answer).toMatchObject({ status: 'rejected', reason: expect.any(StoreUnavailableError) });
    expect(answer).toMatchObject({ reason: { message: 'The store is closing.' } });
  }
  release();
  await open();
  expect(await store.stats()).toMatchObject({ traces: 1 + batches.length, spans: 21 + spansOf(batches) });
});

/** A part as another process would hold it that writes to it: no block can be written until it is released. */
async function lockPart(): Promise<() => void> {
  for (const batch of views.next().value.batches) await store.append(batch);
  await store.close();
  const [part = ''] = readdirSync(join(directory, 'parts')).filter((name) => name.endsWith('.db'));
  await open();
  const database = new DatabaseSync(join(directory, 'parts', part));
  database.exec('BEGIN IMMEDIATE');
  return () => database.close();
}

function tracesInBlocks(): number {
  const [part = ''] = readdirSync(join(directory, 'parts')).filter((name) => name.endsWith('.db'));
  const database = new DatabaseSync(join(directory, 'parts', part), { readOnly: true });
  const { traces } = database.prepare('SELECT traces FROM total').get() as { traces: number };
  database.close();
  return traces;
}

// Counts are read when no block is being written.
async function untilNothingIsWritten(): Promise<void> {
  await store.statistics({ measure: 'requests', fromMs: 0, toMs: 1 });
}

/** A backend's batch of a page view, as large as some thousand of them. */
function largeBatch(): AcceptedBatch {
  const batch = views.next().value.batches[2];
  const [first, ...others] = batch.spans;
  if (!first) throw new Error('There is no span in the batch.');
  const attributes = encodeAttributes({ text: 'x'.repeat(BATCH_BYTES) });
  return { ...batch, spans: [{ ...first, span: { ...first.span, attributes } }, ...others] };
}

function spansOf(batches: readonly AcceptedBatch[]): number {
  return batches.reduce((sum, { spans }) => sum + spans.length, 0);
}
