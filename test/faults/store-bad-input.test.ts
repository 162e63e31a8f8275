import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { StoreOpenError } from '../../edge/store/sqlite/store-file.ts';
import { StoreUnavailableError, type TraceStore } from '../../edge/store/trace-store.ts';
import { type PageView, pageViews } from '../support/page-views.ts';
import { canMount } from './can-mount.ts';

const CHILD = fileURLToPath(new URL('../support/store-child.ts', import.meta.url));
const HOUR_MS = 3_600_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'throughline-bad-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('a directory that cannot be used is told in words, and nothing in it changes', () => {
  async function refused(): Promise<string> {
    const before = contents(directory);
    const error = await openSqliteStore({ directory }).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(StoreOpenError);
    expect(contents(directory)).toEqual(before);
    return (error as Error).message;
  }

  async function makeStore(): Promise<PageView> {
    const store = await openSqliteStore({ directory });
    const [view] = take(1);
    for (const batch of view.batches) await store.append(batch);
    await store.close();
    return view;
  }

  function setVersion(path: string, version: number): void {
    const database = new DatabaseSync(path);
    database.exec(`PRAGMA user_version = ${version}`);
    database.close();
  }

  test('a store of a newer version', async () => {
    const view = await makeStore();
    setVersion(join(directory, 'store.db'), 99);
    expect(await refused()).toMatch(
      /store\.db was written by a newer Throughline \(format 99; this one reads up to \d+\)/,
    );
    setVersion(join(directory, 'store.db'), 1);
    const store = await openSqliteStore({ directory });
    expect((await store.trace(view.traceId))?.spans.length).toBe(21);
    await store.close();
  });

  test('a part of a newer version', async () => {
    await makeStore();
    setVersion(join(directory, 'parts', '00000001.db'), 99);
    expect(await refused()).toMatch(/00000001\.db was written by a newer Throughline/);
  });

  test('a database of somebody else under our name', async () => {
    const database = new DatabaseSync(join(directory, 'store.db'));
    database.exec('CREATE TABLE theirs(x); INSERT INTO theirs VALUES(1)');
    database.close();
    expect(await refused()).toMatch(
      /store\.db is not a file of a Throughline store\. Give the store a directory of its own/,
    );
  });

  test('a file that is no database', async () => {
    writeFileSync(join(directory, 'store.db'), 'my shopping list');
    expect(await refused()).toMatch(/store\.db is not a file of a Throughline store/);
  });

  test('a part whose pages are gone', async () => {
    await makeStore();
    const path = join(directory, 'parts', '00000001.db');
    const bytes = readFileSync(path);
    writeFileSync(path, Buffer.concat([bytes.subarray(0, 100), Buffer.alloc(bytes.length - 100, 0x5a)]));
    expect(await refused()).toMatch(/Cannot open .*00000001\.db: .*(malformed|not a database|corrupt)/);
  });

  test('a file where the directory should be', async () => {
    const path = join(directory, 'taken');
    writeFileSync(path, '');
    await expect(openSqliteStore({ directory: path })).rejects.toThrow(/Cannot make the store's directory .*taken/);
  });

  test('no permission to write', async ({ skip }) => {
    skip(process.getuid?.() === 0 && !mayOthersEnter(process.execPath), 'nobody else may enter this checkout');
    chmodSync(directory, 0o555);
    const { status, stderr } = spawnSync(process.execPath, [CHILD, directory, '1'], {
      encoding: 'utf8',
      ...asNobody(),
    });
    chmodSync(directory, 0o755);
    expect(stderr).toMatch(
      /StoreOpenError: Cannot (open|read|make) the store.* (unable to open|permission denied|EACCES)/i,
    );
    expect(status).toBe(3);
    expect(readdirSync(directory)).toEqual([]);
  });

  test('a second process, and a second store in the same one', async () => {
    const first = await openSqliteStore({ directory });
    const inUse = /in use by another process\. Stop that one, or give this one a directory of its own/;
    await expect(openSqliteStore({ directory })).rejects.toThrow(inUse);
    const second = spawnSync(process.execPath, [CHILD, directory, '1'], { encoding: 'utf8' });
    expect(second.stderr).toMatch(inUse);
    expect(second.status).toBe(3);
    // The first one never noticed.
    const [view] = take(1);
    for (const batch of view.batches) await first.append(batch);
    expect((await first.trace(view.traceId))?.spans.length).toBe(21);
    await first.close();
    await (await openSqliteStore({ directory })).close();
  });

  test('a process that was killed leaves no lock behind', async () => {
    const child = spawn(process.execPath, [CHILD, directory, '1'], { stdio: ['ignore', 'pipe', 'inherit'] });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    await (await openSqliteStore({ directory })).close();
  });
});

test('a clock that is set back loses nothing, and what came later is not expired for it', async () => {
  const reports: string[] = [];
  const options = { directory, retentionMs: HOUR_MS, report: (text: string) => reports.push(text) };
  const noonMs = Date.UTC(2026, 10, 20, 12);
  const [later] = take(1, { seed: 1, fromMs: noonMs });
  const [earlier] = take(1, { seed: 2, fromMs: noonMs - 6 * HOUR_MS });
  let store = await openSqliteStore(options);
  for (const view of [later, earlier]) {
    for (const batch of view.batches) await store.append(batch);
    await store.close();
    store = await openSqliteStore(options);
  }
  await store.expire(noonMs - 6 * HOUR_MS);
  expect((await store.search({})).traces.map(({ traceId }) => traceId)).toEqual([later.traceId, earlier.traceId]);
  expect(reports.join()).toMatch(/clock was set back/);
  await store.expire(noonMs + 3 * HOUR_MS);
  expect((await store.search({})).traces).toEqual([]);
  await store.close();
});

describe.runIf(canMount())('a disk that is full', () => {
  let disk: string;
  beforeEach(() => {
    disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
  });
  afterEach(() => execFileSync('umount', [disk]));

  test('refuses what it cannot keep, keeps what it acknowledged, and goes on when there is room', async () => {
    const reports: string[] = [];
    const options = { directory: join(disk, 'store'), report: (text: string) => reports.push(text) };
    let store = await openSqliteStore(options);
    const stored: PageView[] = [];
    const views = pageViews();
    let refusal: unknown;
    while (!refusal) {
      const view = views.next().value;
      try {
        for (const batch of view.batches) await store.append(batch);
        stored.push(view);
      } catch (error) {
        refusal = error;
      }
    }
    expect(refusal).toBeInstanceOf(StoreUnavailableError);
    expect((refusal as Error).message).toMatch(/no space left/i);
    expect(stored.length).toBeGreaterThan(100);
    const stats = await store.stats();
    for (const view of [stored[0], stored.at(-1)]) {
      expect((await store.trace(view?.traceId as string))?.spans.length).toBe(21);
    }
    await store.close();

    execFileSync('mount', ['-o', 'remount,size=64m', disk]);
    store = await openSqliteStore(options);
    expect(await store.stats()).toMatchObject({ spans: stats.spans, traces: stats.traces });
    for (const view of stored) expect((await store.trace(view.traceId))?.spans.length).toBe(21);
    const more = views.next().value;
    for (const batch of more.batches) await store.append(batch);
    expect((await store.trace(more.traceId))?.spans.length).toBe(21);
    await store.close();
  });

  test('goes on without a restart once there is room again', async () => {
    const filler = join(disk, 'filler');
    const store = await openSqliteStore({ directory: join(disk, 'store') });
    const views = take(3);
    for (const batch of views[0].batches) await store.append(batch);
    fill(filler);
    const refused = await appendUntilRefused(store);
    expect(await store.trace(refused.traceId)).toBeUndefined();
    const { traces } = await store.stats();
    rmSync(filler);
    for (const batch of refused.batches) expect(await store.append(batch)).toMatchObject({ duplicateSpans: 0 });
    expect(await store.stats()).toMatchObject({ traces: traces + 1 });
    expect((await store.trace(refused.traceId))?.spans.length).toBe(21);
    await store.close();
  });

  /** The journal's last page takes a little more after the disk is full. */
  async function appendUntilRefused(store: TraceStore): Promise<PageView> {
    for (const view of pageViews({ seed: 8 })) {
      try {
        await store.append(view.batches[0]);
      } catch (error) {
        expect(error).toBeInstanceOf(StoreUnavailableError);
        return view;
      }
    }
    throw new Error('The disk never filled.');
  }

  function fill(path: string): void {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(4096), { flag: 'a' });
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
    }
  }
});

// Permissions do not hold for root.
function asNobody(): { uid?: number; gid?: number } {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
}

/** Whether every folder above a file lets others than its owner through. */
function mayOthersEnter(path: string): boolean {
  const folder = dirname(path);
  return folder === path || ((statSync(folder).mode & 0o001) !== 0 && mayOthersEnter(folder));
}

function take(count: number, options: Parameters<typeof pageViews>[0] = {}): [PageView, PageView] {
  const views = pageViews(options);
  return Array.from({ length: count }, () => views.next().value) as [PageView, PageView];
}

/** Every file below a directory with a hash of its bytes. */
function contents(path: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(path, name)).isFile())
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(path, name)))
          .digest('hex'),
      ]),
  );
}
