import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import type { TraceStore } from '../../edge/store/trace-store.ts';
import { createRandom, type PageView, pageViews } from '../support/page-views.ts';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-crash-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a process that is killed while it stores', () => {
  test('has every batch it acknowledged, once, after it starts again', { timeout: 120_000 }, async () => {
    const random = createRandom(20_261_122);
    const acknowledged = new Map<string, Set<number>>();
    const views = new Map<string, PageView>();
    for (let round = 0; round < 12; round += 1) {
      const lines = await storeUntilKilled(round, 30 + Math.floor(random() * 400));
      expect(lines.length).toBeGreaterThan(0);
      const produced = pageViews({ seed: round });
      for (const line of lines) {
        const [traceId = '', batch] = line.split(' ');
        while (!views.has(traceId)) {
          const view = produced.next().value;
          views.set(view.traceId, view);
        }
        acknowledged.set(traceId, (acknowledged.get(traceId) ?? new Set()).add(Number(batch)));
      }
    }
    const reports: string[] = [];
    const store = await openSqliteStore({ directory, report: (message) => reports.push(message) });
    let lost = 0;
    for (const [traceId, batches] of acknowledged) {
      const stored = (await store.trace(traceId))?.spans.map(({ span }) => span.spanId) ?? [];
      expect(new Set(stored).size).toBe(stored.length);
      const expected = [...batches].flatMap((i) =>
        views.get(traceId)?.batches[i]?.spans.map(({ span }) => span.spanId),
      );
      lost += expected.filter((spanId) => !stored.includes(spanId as string)).length;
    }
    expect(lost).toBe(0);
    // Sent again, as by a sender that never saw the answer: nothing is counted twice.
    const before = await store.stats();
    for (const [traceId, batches] of [...acknowledged].slice(0, 50)) {
      for (const i of batches) {
        const batch = views.get(traceId)?.batches[i] as PageView['batches'][0];
        expect(await store.append(batch)).toMatchObject({ storedSpans: 0, duplicateSpans: batch.spans.length });
      }
    }
    expect(await store.stats()).toMatchObject({ spans: before.spans, logs: before.logs, traces: before.traces });
    await store.close();
  });

  /** Starts the child, kills it after so many acknowledgements, and answers these. */
  async function storeUntilKilled(seed: number, count: number): Promise<string[]> {
    const child = spawn(process.execPath, [CHILD, directory, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines = await new Promise<string[]>((resolve, reject) => {
      let text = '';
      child.stderr.on('data', (data) => reject(new Error(String(data))));
      child.stdout.setEncoding('utf8').on('data', (data: string) => {
        text += data;
        // The last line may be cut off.
        const whole = text.split('\n').slice(1, -1);
        if (whole.length >= count && child.exitCode === null) {
          child.kill('SIGKILL');
          resolve(whole);
        }
      });
    });
    await exited(child);
    return lines;
  }
});

describe('a journal that is damaged', () => {
  async function leaveJournal(count: number): Promise<PageView[]> {
    const views = take(count);
    const store = await openSqliteStore({ directory: join(directory, 'first'), quietMs: 1e9 });
    for (const view of views) for (const batch of view.batches) await store.append(batch);
    // As a crash leaves it: what is on disk now, before anything is sealed.
    for (const name of readdirSync(join(directory, 'first', 'journal'))) {
      copyJournal(name);
    }
    await store.close();
    return views;
  }

  function copyJournal(name: string): void {
    const from = join(directory, 'first', 'journal', name);
    rmSync(join(directory, 'second'), { recursive: true, force: true });
    mkdirSync(join(directory, 'second', 'journal'), { recursive: true });
    writeFileSync(join(directory, 'second', 'journal', name), readFileSync(from));
  }

  function journalPath(): string {
    const [name = ''] = readdirSync(join(directory, 'second', 'journal'));
    return join(directory, 'second', 'journal', name);
  }

  async function openDamaged(): Promise<{ store: TraceStore; reports: string[] }> {
    const reports: string[] = [];
    const store = await openSqliteStore({ directory: join(directory, 'second'), report: (text) => reports.push(text) });
    return { store, reports };
  }

  test('whole: everything is read and nothing is said', async () => {
    await leaveJournal(10);
    const { store, reports } = await openDamaged();
    expect(await store.stats()).toMatchObject({ traces: 10, spans: 210, logs: 30 });
    expect(reports).toEqual([]);
    await store.close();
    expect(readdirSync(join(directory, 'second', 'journal'))).toEqual([]);
  });

  test('cut off at any byte: all records before the cut are there, and the cut is told', async () => {
    const views = await leaveJournal(4);
    const whole = readFileSync(journalPath());
    const random = createRandom(4);
    for (let round = 0; round < 25; round += 1) {
      const length = Math.floor(random() * whole.length);
      rmSync(join(directory, 'second'), { recursive: true, force: true });
      mkdirSync(join(directory, 'second', 'journal'), { recursive: true });
      writeFileSync(join(directory, 'second', 'journal', '00000001.journal'), whole.subarray(0, length));
      const { store, reports } = await openDamaged();
      const batches = views.flatMap((view) => view.batches);
      let kept = 0;
      for (const batch of batches) {
        const { spans } = batch;
        const stored = await store.trace(spans[0]?.span.traceId as string);
        const there = spans.filter(({ span }) => stored?.spans.some((record) => record.span.spanId === span.spanId));
        // A record is there as a whole or not at all, and none is missing before one that is there.
        expect([0, spans.length]).toContain(there.length);
        if (there.length > 0) kept += 1;
      }
      const inOrder = batches.slice(0, kept).reduce((sum, { spans }) => sum + spans.length, 0);
      expect((await store.stats()).spans).toBe(inOrder);
      if (reports.length > 0) expect(reports.join()).toMatch(/journal .* is damaged: \d+ bytes at \d+ .* were dropped/);
      await store.close();
    }
  });

  test('with one flipped bit: only the record it is in is dropped, and that is told', async () => {
    await leaveJournal(4);
    const whole = readFileSync(journalPath());
    const random = createRandom(5);
    for (let round = 0; round < 25; round += 1) {
      const at = 16 + Math.floor(random() * (whole.length - 16));
      rmSync(join(directory, 'second'), { recursive: true, force: true });
      mkdirSync(join(directory, 'second', 'journal'), { recursive: true });
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ (1 << Math.floor(random() * 8));
      writeFileSync(join(directory, 'second', 'journal', '00000001.journal'), damaged);
      const { store, reports } = await openDamaged();
      expect([84 - 13, 84 - 3, 84 - 5]).toContain((await store.stats()).spans);
      expect(reports.length).toBe(1);
      await store.close();
    }
  });
});

function take(count: number): PageView[] {
  const views = pageViews();
  return Array.from({ length: count }, () => views.next().value);
}

function exited(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => child.once('exit', () => resolve()));
}
