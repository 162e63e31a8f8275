import { spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { type PageView, pageViews } from '../support/page-views.ts';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));
const CLI = fileURLToPath(new URL('../../edge/cli.ts', import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-copies-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('throughline backup, check, export and import', () => {
  test('a backup taken while a process stores holds all that was acknowledged before, and is a store', async () => {
    const source = join(directory, 'source');
    const child = spawn(process.execPath, [CHILD, source, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const acknowledged = await new Promise<string[]>((resolve) => {
        let text = '';
        child.stdout.setEncoding('utf8').on('data', (data: string) => {
          text += data;
          const lines = text.split('\n').slice(1, -1);
          if (lines.length > 3000) resolve(lines);
        });
      });
      const copy = join(directory, 'copy');
      expect(throughline('backup', copy, '--data', source)).toMatchObject({
        status: 0,
        stdout: expect.stringMatching(/^Copied/),
      });
      expect(throughline('check', '--data', copy)).toMatchObject({ status: 0 });
      child.kill('SIGKILL');
      const store = await openSqliteStore({ directory: copy });
      const views = new Map(take(1100).map((view) => [view.traceId, view]));
      for (const line of acknowledged) {
        const [traceId = '', batch] = line.split(' ');
        const stored = new Set((await store.trace(traceId))?.spans.map(({ span }) => span.spanId));
        for (const { span } of views.get(traceId)?.batches[Number(batch)]?.spans ?? [])
          expect(stored).toContain(span.spanId);
      }
      await store.close();
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('what is exported and imported is the same store', async () => {
    const [first, second] = [join(directory, 'first'), join(directory, 'second')];
    const views = take(50);
    const store = await openSqliteStore({ directory: first });
    const loose = { ...views[0]!.batches[0], spans: [] };
    loose.logs = loose.logs.map(({ log: { traceId: _, spanId: __, ...log }, ...rest }) => ({ ...rest, log }));
    for (const batch of [...views.slice(0, 30).flatMap((view) => view.batches), loose]) await store.append(batch);
    await store.close();
    const again = await openSqliteStore({ directory: first, quietMs: 1e9 });
    for (const batch of views.slice(30).flatMap((view) => view.batches)) await again.append(batch);
    // While it is open: the last ones are in its journal only.
    const lines = throughline('export', '--data', first).stdout;
    const file = join(directory, 'lines.jsonl');
    writeFileSync(file, lines);
    expect(throughline('import', file, '--data', second)).toMatchObject({
      status: 0,
      stdout: 'Stored 1050 spans; 0 were there already, 0 were refused.\n',
    });
    expect(throughline('import', file, '--data', second).stdout).toMatch(/^Stored 0 spans; 1050 were there already/);
    const copy = await openSqliteStore({ directory: second });
    const summaries = async (from: typeof store) => (await from.search({ limit: 500 })).traces;
    expect(await summaries(copy)).toEqual(await summaries(again));
    expect(await copy.stats()).toMatchObject({ traces: 50, spans: 1050, logs: 153 });
    for (const { traceId } of views)
      expect(sorted(await copy.trace(traceId))).toEqual(sorted(await again.trace(traceId)));
    // Trust is kept: a page still cannot stand for a backend.
    const forged = { ...views[0]!.batches[1], trust: 'public' as const };
    expect(await copy.append(forged)).toMatchObject({ conflictingSpans: 3 });
    await copy.close();
    await again.close();
  });

  test.skipIf(process.platform !== 'linux')('an export waits for a reader who comes late', async () => {
    const data = join(directory, 'data');
    const store = await openSqliteStore({ directory: data });
    // A little more than a pipe's 64 KiB: the rest is less than a process holds back before it waits.
    for (const view of take(3)) for (const batch of view.batches) await store.append(batch);
    await store.close();
    const whole = throughline('export', '--data', data).stdout;
    expect(whole.length).toBeGreaterThan(65536);
    const path = join(directory, 'pipe');
    spawnSync('mkfifo', [path]);
    const pipe = openSync(path, 'r+');
    const child = spawn(process.execPath, [CLI, 'export', '--data', data], { stdio: ['ignore', pipe, 'inherit'] });
    await resting(child.pid as number);
    const reader = spawn('cat', [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    reader.stdout.once('data', () => closeSync(pipe));
    expect(Buffer.concat(await reader.stdout.toArray()).toString()).toBe(whole);
  });

  test('lines that are no OTLP are told by their number, and the others are stored', async () => {
    const file = join(directory, 'lines.jsonl');
    const [view] = take(1);
    const store = await openSqliteStore({ directory: join(directory, 'first') });
    for (const batch of view!.batches) await store.append(batch);
    await store.close();
    const lines = throughline('export', '--data', join(directory, 'first')).stdout;
    writeFileSync(file, `not json\n\n[1]\n${lines}`);
    const imported = throughline('import', file, '--data', join(directory, 'second'));
    expect(imported.status).toBe(1);
    expect(imported.stderr).toMatch(/Line 1 was left out: .*\n.*Line 3 was left out: /);
    expect(imported.stdout).toBe('Stored 21 spans; 0 were there already, 2 were refused.\n');
  });

  test('a check finds a damaged block, a wrong count and a damaged journal', async () => {
    const store = await openSqliteStore({ directory });
    for (const view of take(200)) for (const batch of view.batches) await store.append(batch);
    await store.close();
    expect(throughline('check', '--data', directory)).toMatchObject({
      status: 0,
      stdout: '1 parts with 200 traces and 4200 spans: no problems.\n',
    });
    const database = new DatabaseSync(join(directory, 'parts', '00000001.db'));
    const block = database.prepare('SELECT data FROM block WHERE id = 1').get()?.data as Uint8Array;
    block[block.length - 200] = (block[block.length - 200] as number) ^ 0xff;
    database.prepare('UPDATE block SET data = ? WHERE id = 1').run(block);
    database.exec('UPDATE total SET traces = 7');
    database.close();
    writeFileSync(join(directory, 'journal', '00000009.journal'), 'TLjournal\0\x01\nrubbish');
    const checked = throughline('check', '--data', directory);
    expect(checked.status).toBe(1);
    expect(checked.stderr).toMatch(/trace [0-9a-f]{32} cannot be read: A block cannot be decompressed/);
    expect(checked.stderr).toMatch(/200 traces with \d+ spans, but 7 and 4200 were counted/);
    expect(checked.stderr).toMatch(/00000009\.journal is damaged/);
  });

  test('a missing store, a full target and a wrong argument are told in words', () => {
    const nothing = throughline('check', '--data', join(directory, 'nothing'));
    expect(nothing).toMatchObject({ status: 1, stderr: expect.stringMatching(/There is no store in .*nothing/) });
    expect(readdirSync(directory)).toEqual([]);
    expect(throughline('backup', '--data', directory)).toMatchObject({
      status: 1,
      stderr: expect.stringMatching(/needs a directory to copy to/),
    });
    writeFileSync(join(directory, 'mine'), 'x');
    expect(throughline('backup', directory, '--data', directory).stderr).toMatch(/is not empty: name a new directory/);
    expect(throughline('check', '--wrong').stderr).toMatch(/Unknown option '--wrong'/);
    expect(readFileSync(join(directory, 'mine'), 'utf8')).toBe('x');
  });
});

function throughline(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', maxBuffer: 1 << 28 });
}

/** Resolves when a process has ended or waits for others: its processor time stands still. */
async function resting(pid: number): Promise<void> {
  for (let same = 0, before = ''; same < 10; await setTimeout(50)) {
    const stat = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1] : '';
    const [state, ...fields] = (stat ?? '').split(' ');
    const now = fields.slice(10, 12).join(' ');
    if (state === '' || state === 'Z') return;
    same = now === before && now !== '0 0' ? same + 1 : 0;
    before = now;
  }
}

function take(count: number): PageView[] {
  const views = pageViews();
  return Array.from({ length: count }, () => views.next().value);
}

function sorted(trace: Awaited<ReturnType<Awaited<ReturnType<typeof openSqliteStore>>['trace']>>): unknown[] {
  return [...(trace?.spans ?? []), ...(trace?.logs ?? [])].map((record) => JSON.stringify(record)).sort();
}
