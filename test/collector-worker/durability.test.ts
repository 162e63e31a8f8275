import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, until } from '../support/running-collector.ts';

interface LocalWorker {
  url: string;
  /** Ends Node and its workerd as a crash would: killing one leaves the other running. */
  kill(): Promise<void>;
}

let data: string;
let running: LocalWorker | undefined;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'throughline-worker-'));
});
afterEach(async () => {
  await running?.kill();
  rmSync(data, { recursive: true, force: true });
});

/** The Worker as `npm run demo -- --cloudflare` runs it. */
async function start(): Promise<LocalWorker> {
  const child = spawn(process.execPath, ['demo/run/collector-worker.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PORT: '0',
      DATA: data,
      THROUGHLINE_LOCAL: '1',
      THROUGHLINE_KEY: PUBLIC_KEY,
      THROUGHLINE_SHARDS: '2',
    },
  });
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /^Throughline is listening on (\S+)$/.exec(line)?.[1];
    if (!url) continue;
    running = { url, kill: () => killBoth(child) };
    return running;
  }
  throw new Error('The worker ended before it listened.');
}

async function killBoth(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const children = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ').map(Number);
  expect(children.length).toBeGreaterThan(0);
  const gone = once(child, 'exit');
  for (const pid of [child.pid as number, ...children]) process.kill(pid, 'SIGKILL');
  await gone;
  // The kernel closes its files before the process is gone from here.
  await until(() => (children.every((pid) => !isRunning(pid)) ? true : undefined));
}

function isRunning(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[2] !== 'Z';
  } catch {
    return false; // expected: it is gone
  }
}

/** What the shards have in no block yet, read from the files workerd keeps them in. */
function journalRows(): number {
  const folder = readdirSync(data).find((name) => name.endsWith('TraceShard')) as string;
  let rows = 0;
  for (const name of readdirSync(join(data, folder))) {
    if (!name.endsWith('.sqlite') || name.startsWith('metadata')) continue;
    const database = new DatabaseSync(join(data, folder, name), { readOnly: true, timeout: 10_000 });
    rows += Number(database.prepare('SELECT count(*) AS rows FROM journal').get()?.rows);
    database.close();
  }
  return rows;
}

function makeBatch() {
  const first = makeSpan();
  const spans = [first, makeSpan({ traceId: first.traceId, parentSpanId: first.spanId }), makeSpan()];
  return { spans, body: JSON.stringify(makePayload({ spans })) };
}

const send = (url: string, body: string) => fetch(`${url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body });

async function countOf(url: string, traceId: string, spanId: string): Promise<number> {
  const response = await fetch(`${url}/api/traces/${traceId}`);
  if (response.status === 404) return 0;
  const { spans } = (await response.json()) as { spans: Array<{ spanId: string }> };
  return spans.filter((span) => span.spanId === spanId).length;
}

test('kill -9 of workerd and its parent: every span answered 2xx is there, and what is sent again is counted once', {
  timeout: 120_000,
}, async () => {
  const acknowledged: ReturnType<typeof makeBatch>[] = [];
  const sent: ReturnType<typeof makeBatch>[] = [];
  for (const killAfter of [30, 80]) {
    const { url, kill } = await start();
    let killed: Promise<void> | undefined;
    const senders = Array.from({ length: 8 }, async () => {
      while (!killed) {
        const batch = makeBatch();
        sent.push(batch);
        const response = await send(url, batch.body).catch(() => undefined);
        if (response?.status !== 200) return; // the process is gone
        acknowledged.push(batch);
        if (acknowledged.length >= killAfter) killed ??= kill();
      }
    });
    await Promise.all(senders);
    await killed;
  }
  const { url } = await start();
  expect(acknowledged.length).toBeGreaterThanOrEqual(80);
  for (const { spans } of acknowledged) {
    for (const { traceId, spanId } of spans) expect(await countOf(url, traceId, spanId)).toBe(1);
  }
  for (const { body } of sent) expect((await send(url, body)).status).toBe(200);
  const stats = await (await fetch(`${url}/api/stats`)).json();
  expect(stats).toMatchObject({ spans: sent.length * 3, traces: sent.length * 2 });
  // Answered is in the books: nothing was counted that is not stored, and nothing twice.
  const { keys } = (await (await fetch(`${url}/api/ledger`)).json()) as { keys: Array<Record<string, number>> };
  expect(keys[0]?.received).toBe((keys[0]?.stored ?? 0) + (keys[0]?.duplicate ?? 0));
  expect(keys[0]?.stored).toBeGreaterThanOrEqual(acknowledged.length * 3);
});

test('after a crash alarms go on by themselves: what waited is moved into blocks', { timeout: 120_000 }, async () => {
  const { url, kill } = await start();
  const text = 'x'.repeat(900);
  let spans = 0;
  for (let i = 0; i < 12; i += 1) {
    const many = Array.from({ length: 60 }, (_, n) =>
      makeSpan({ attributes: [{ key: `note-${n}`, value: { stringValue: `${i} ${n} ${text}` } }] }),
    );
    spans += many.length;
    expect((await send(url, JSON.stringify(makePayload({ spans: many })))).status).toBe(200);
  }
  await kill();
  const waiting = journalRows();
  expect(waiting).toBeGreaterThanOrEqual(12);
  const again = await start();
  // Nobody asks the Worker anything: only its own alarms can do this. What came last may wait for company, for longer.
  await until(() => (journalRows() < waiting ? true : undefined), 45_000);
  expect(await (await fetch(`${again.url}/api/stats`)).json()).toMatchObject({ spans });
});
