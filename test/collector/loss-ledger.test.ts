import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentTotals, PageReport } from '../../edge/collector/ledger/loss-ledger.ts';
import { createLossLedger } from '../../edge/collector/ledger/loss-ledger.ts';
import { encodeLedger, type LedgerTotals } from '../../src/wire/ledger.ts';
import { SCOPE_LEDGER } from '../../src/wire/names.ts';
import { makeLog, makePayload, makeSpan } from '../support/otlp-payload.ts';
import { PUBLIC_KEY, type RunningCollector, runCollector, spawnCollector } from '../support/running-collector.ts';

let running: RunningCollector;
beforeAll(async () => {
  running = await runCollector();
});
afterAll(() => running.stop());

const NONE: LedgerTotals = {
  produced: 0,
  unsampled: 0,
  acknowledged: 0,
  pending: 0,
  stored: 0,
  unstored: 0,
  dropped: {},
};
const hex = (digit: string, length: number) => digit.repeat(length);

/** A batch as an agent sends it: records, and the books of its page. */
function batch(
  page: string,
  session: string,
  totals: Partial<LedgerTotals>,
  records = makePayload({ spans: [makeSpan()] }),
) {
  const log = encodeLedger({ page, session, totals: { ...NONE, ...totals } }, Date.now());
  const [first] = records.resourceSpans ?? [];
  const books = { resource: first?.resource ?? {}, scopeLogs: [{ scope: { name: SCOPE_LEDGER }, logRecords: [log] }] };
  return JSON.stringify({ ...records, resourceLogs: [...(records.resourceLogs ?? []), books] });
}

const post = (url: string, body: string) => fetch(`${url}/otlp?k=${PUBLIC_KEY}`, { method: 'POST', body });
async function ledgerOf<T>(url: string, query = ''): Promise<T> {
  const response = await fetch(`${url}/api/ledger${query}`);
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}
interface SessionLedger {
  agents: AgentTotals;
  pages: PageReport[];
}

test('a session’s pages add up, whatever order their reports come in and however often', async () => {
  const session = hex('a', 32);
  const first = { produced: 5, acknowledged: 5 };
  const last = { produced: 9, acknowledged: 6, pending: 1, dropped: { queue_full: 2 } };
  await post(running.url, batch(hex('1', 16), session, last));
  await post(running.url, batch(hex('1', 16), session, first));
  await post(running.url, batch(hex('1', 16), session, last));
  await post(running.url, batch(hex('2', 16), session, { produced: 4, unsampled: 3, acknowledged: 1 }));
  const { agents, pages } = await ledgerOf<SessionLedger>(running.url, `?sessionId=${session}`);
  expect(agents).toEqual({
    pages: 2,
    produced: 13,
    unsampled: 3,
    acknowledged: 7,
    pending: 1,
    stored: 0,
    unstored: 0,
    dropped: { queue_full: 2 },
    unknownLoss: 0,
    silent: 0,
  });
  expect(pages.map(({ page, keyId }) => [page, keyId])).toEqual([
    [hex('2', 16), 'web'],
    [hex('1', 16), 'web'],
  ]);
});

test('what nobody accounts for is unknown loss, in the API and in the metrics', async () => {
  const session = hex('b', 32);
  await post(running.url, batch(hex('3', 16), session, { produced: 10, acknowledged: 7 }));
  const { agents } = await ledgerOf<SessionLedger>(running.url, `?sessionId=${session}`);
  expect(agents.unknownLoss).toBe(3);
  const metrics = await fetch(`${running.url}/metrics`);
  expect(metrics.headers.get('content-type')).toMatch(/^text\/plain/);
  const lines = (await metrics.text()).split('\n');
  expect(lines).toContain('throughline_agent_unknown_loss{key="web"} 3');
  expect(lines).toContain('throughline_agent_records{key="web",outcome="dropped",reason="queue_full"} 2');
  for (const line of lines)
    expect(line).toMatch(/^$|^# (HELP|TYPE) |^[a-z_]+(\{[a-z]+="[^"\n]*"(,[a-z]+="[^"\n]*")*\})? \d+$/);
});

test('every record of a key ends once: stored, a duplicate, or rejected; the books themselves are no records', async () => {
  const before = await ledgerOf<{ keys: { keyId: string; received: number; stored: number; duplicate: number }[] }>(
    running.url,
  );
  const span = makeSpan();
  const records = makePayload({
    spans: [span, { ...makeSpan(), traceId: 'no id' }],
    logs: [makeLog({ traceId: span.traceId })],
  });
  const body = batch(hex('4', 16), '', { produced: 3, acknowledged: 3 }, records);
  expect((await post(running.url, body)).status).toBe(200);
  expect((await post(running.url, body)).status).toBe(200);
  const after = await ledgerOf<typeof before>(running.url);
  const [was, is] = [before, after].map(({ keys }) => keys.find(({ keyId }) => keyId === 'web') as (typeof keys)[0]);
  expect((is?.received ?? 0) - (was?.received ?? 0)).toBe(6);
  expect((is?.stored ?? 0) - (was?.stored ?? 0)).toBe(2);
  expect((is?.duplicate ?? 0) - (was?.duplicate ?? 0)).toBe(2);
  expect(is).toMatchObject({ rejected: { invalid_id: 2 } });
  const stored = await running.store.trace(span.traceId);
  expect(stored?.logs).toHaveLength(1);
});

test('a bad question is answered with 400, and reading needs the right to read', async () => {
  expect((await fetch(`${running.url}/api/ledger?sessionId=`)).status).toBe(400);
  const guarded = await runCollector({ readToken: 'a-read-token' });
  try {
    for (const path of ['/api/ledger', '/metrics']) {
      expect((await fetch(guarded.url + path)).status).toBe(401);
      const headers = { authorization: 'Bearer a-read-token' };
      expect((await fetch(guarded.url + path, { headers })).status).toBe(200);
    }
  } finally {
    await guarded.stop();
  }
});

test('the ledger outlives the process; one that is spoilt is told and begun anew', async () => {
  const data = mkdtempSync(join(tmpdir(), 'throughline-ledger-'));
  const args = ['--key', PUBLIC_KEY];
  try {
    let collector = await spawnCollector({ data, args });
    await post(collector.url, batch(hex('5', 16), hex('c', 32), { produced: 2, acknowledged: 1, pending: 1 }));
    await collector.kill('SIGTERM');
    collector = await spawnCollector({ data, args });
    const { agents } = await ledgerOf<SessionLedger>(collector.url, `?sessionId=${hex('c', 32)}`);
    expect(agents).toMatchObject({ pages: 1, produced: 2, pending: 1, unknownLoss: 0 });
    await collector.kill('SIGTERM');

    writeFileSync(join(data, 'ledger.json'), '{"keys":[');
    collector = await spawnCollector({ data, args });
    expect((await ledgerOf<SessionLedger>(collector.url)).agents.pages).toBe(0);
    await collector.kill('SIGTERM');
  } finally {
    rmSync(data, { recursive: true, force: true });
  }
});

test('a flood of pages takes no more room than there is, and none of them falls out of the sums', () => {
  const ledger = createLossLedger(() => 1);
  for (let i = 0; i < 25_000; i++) {
    const page = i.toString(16).padStart(16, '0');
    ledger.hear('web', {
      page,
      session: '',
      totals: { ...NONE, produced: 2, acknowledged: 1, dropped: { refused: 1 } },
    });
  }
  expect(ledger.snapshot().pages).toHaveLength(20_000);
  expect(ledger.totals()).toMatchObject({
    pages: 25_000,
    produced: 50_000,
    dropped: { refused: 25_000 },
    unknownLoss: 0,
  });
  expect(createLossLedger(() => 1, JSON.parse(JSON.stringify(ledger.snapshot()))).totals()).toEqual(ledger.totals());
});

test('what a page left pending and never spoke of again is told apart', () => {
  let now = 0;
  const ledger = createLossLedger(() => now);
  ledger.hear('web', { page: hex('6', 16), session: '', totals: { ...NONE, produced: 3, pending: 3 } });
  expect(ledger.totals()).toMatchObject({ pending: 3, silent: 0 });
  now = 31 * 60_000;
  expect(ledger.totals()).toMatchObject({ pending: 3, silent: 3, unknownLoss: 0 });
});

test('what the store removes is counted as expired, the oldest first, by key, across restarts', () => {
  let nowMs = 1_000_000 * 3_600_000;
  let ledger = createLossLedger(() => nowMs);
  const store = (keyId: string, stored: number) => ledger.count(keyId, { received: stored, stored });
  const expired = () => [...ledger.keys()].map(([keyId, counts]) => [keyId, counts.expired]);
  store('web', 10);
  nowMs += 3_600_000;
  store('app', 20);
  store('web', 5);
  ledger.expire(10);
  expect(expired()).toEqual([
    ['web', 10],
    ['app', 0],
  ]);
  ledger = createLossLedger(() => nowMs, JSON.parse(JSON.stringify(ledger.snapshot())));
  ledger.expire(25);
  expect(expired()).toEqual([
    ['web', 15],
    ['app', 20],
  ]);
  // Books of an earlier version know no hours: what they have stored is the oldest.
  const { stock: _, ...early } = ledger.snapshot();
  early.keys = [['web', { received: 7, stored: 7, duplicate: 0, rejected: {}, forwarded: 0, expired: 0 }]];
  ledger = createLossLedger(() => nowMs, early);
  store('web', 3);
  ledger.expire(8);
  expect(expired()).toEqual([['web', 8]]);
});
