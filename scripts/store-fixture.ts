import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FORMAT_VERSION } from '../edge/store/sql/schema.ts';
import { openSqliteStore } from '../edge/store/sqlite/open-sqlite-store.ts';
import type { AcceptedBatch } from '../edge/store/trace-store.ts';
import { pageViews } from '../test/support/page-views.ts';

// Writes `test/fixtures/store-v<version>` as this version of the store does: to be run once, before the format changes. What is
// there already is left alone, for nobody can make it again.
const fixture = fileURLToPath(new URL(`../test/fixtures/store-v${FORMAT_VERSION}`, import.meta.url));
mkdirSync(fixture);
const directory = mkdtempSync(join(tmpdir(), 'throughline-fixture-'));
try {
  const produced = pageViews({ seed: 1 });
  const views = Array.from({ length: 12 }, () => produced.next().value);
  const whole = views.slice(0, 8).flatMap(({ batches }) => batches);
  const inPieces = views.slice(8, 10);
  // Closing moves all into blocks: what comes later of a trace that is there lies in another.
  await append([...whole, ...inPieces.map(({ batches }) => batches[0]), withoutTrace(whole[0] as AcceptedBatch)]);
  await append(inPieces.flatMap(({ batches }) => batches.slice(1)));
  const store = await openSqliteStore({ directory, quietMs: 3_600_000 });
  for (const batch of views.slice(10).flatMap(({ batches }) => batches)) await store.append(batch);
  // As a crash leaves it: the last two are in the journal alone.
  for (const folder of ['.', 'journal', 'parts']) {
    mkdirSync(join(fixture, folder), { recursive: true });
    for (const name of readdirSync(join(directory, folder))) {
      if (/\.(db|journal)$/.test(name)) copyFileSync(join(directory, folder, name), join(fixture, folder, name));
    }
  }
  await store.close();
} finally {
  rmSync(directory, { recursive: true });
}

async function append(batches: readonly AcceptedBatch[]): Promise<void> {
  const store = await openSqliteStore({ directory });
  for (const batch of batches) await store.append(batch);
  await store.close();
}

function withoutTrace(batch: AcceptedBatch): AcceptedBatch {
  const logs = batch.logs.map((record) => {
    const { traceId: _, spanId: __, ...log } = record.log;
    return { ...record, log };
  });
  return { ...batch, spans: [], logs };
}
