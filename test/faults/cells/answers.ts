import { decodeLedger } from '../../../src/wire/ledger.ts';
import type { Cell, Stage } from '../cell.ts';
import type { Fault, FaultRule } from '../fault-proxy.ts';
import { waitUntil } from '../run-cell.ts';
import { createRandom } from '../seeded-random.ts';

/** What a collector, or what stands before it, answers. */
const answer = (status: number, headers: Record<string, string> = {}): Fault => ({
  kind: 'answer',
  status,
  headers,
  body: '{"error":"A fault made for a test."}',
});

/** Makes records for `ms` while `rule` holds, then lets everything through again. */
async function during(stage: Stage, rule: FaultRule, ms: number): Promise<void> {
  const page = await stage.visit();
  stage.proxy.set(rule);
  const until = Date.now() + ms;
  await waitUntil(async () => {
    await page.evaluate('make(5); makeErrors(1)');
    return Date.now() > until;
  }, ms + 10_000);
  stage.proxy.set(() => ({ kind: 'pass' }));
  await page.evaluate('make(5)');
  await stage.allStored(60_000);
}

const outage = (seconds: number, fast: boolean): Cell => ({
  name: `503 for ${seconds} s`,
  fast,
  now: true,
  run: (stage) => during(stage, () => answer(503), seconds * 1000),
});

const retryAfter = (name: string, value: () => string, more: Partial<Cell> = {}): Cell => ({
  name: `429 with Retry-After: ${name}`,
  now: true,
  ...more,
  async run(stage) {
    stage.proxy.set((index) => (index < 2 ? answer(429, { 'retry-after': value() }) : { kind: 'pass' }));
    const page = await stage.visit();
    await page.evaluate('make(50); makeErrors(5)');
    if (more.now !== false) await stage.allStored(30_000);
  },
});

const final = (status: number): Cell => ({
  name: `the first batch is answered ${status}`,
  fast: status === 400,
  // What is refused for good is counted; what is made later arrives.
  arrives: 0.5,
  async run(stage) {
    const page = await stage.visit();
    await page.evaluate('throughline.flush()');
    stage.proxy.set((index) => (index < 1 ? answer(status) : { kind: 'pass' }));
    await page.evaluate('make(20); throughline.flush()');
    await page.evaluate('make(40)');
    await stage.allStored(10_000);
  },
});

const tooLarge: Cell = {
  name: '413 for batches over 16 KiB',
  now: true,
  async run(stage) {
    const page = await stage.visit();
    await page.evaluate('throughline.flush()');
    stage.proxy.set((index) => (index < 2 ? answer(413) : { kind: 'pass' }));
    await page.evaluate('make(200)');
    await stage.allStored(30_000);
  },
};

/** A body with one of the cells' spans has about 4 KiB, most of it resource and ledger. */
const SMALL_LIMIT = 5 * 1024;

const tinyLimit: Cell = {
  name: `the collector takes ${SMALL_LIMIT / 1024} KiB at most`,
  fast: true,
  now: true,
  async run(stage) {
    const page = await stage.visit();
    await page.evaluate('throughline.flush()');
    stage.proxy.set(() => ({ kind: 'limit', maxBytes: SMALL_LIMIT }));
    await page.evaluate('make(15)');
    await stage.allStored(30_000);
  },
};

const oneTooLarge: Cell = {
  name: 'one span alone is too large for the collector',
  arrives: 0.9,
  async run(stage) {
    const page = await stage.visit();
    await page.evaluate('throughline.flush()');
    stage.proxy.set(() => ({ kind: 'limit', maxBytes: SMALL_LIMIT }));
    await page.evaluate('make(6); make(1, 7000); make(6)');
    await waitUntil(
      async () => stage.proxy.logs.some((log) => decodeLedger(log)?.totals.dropped.too_large === 1),
      30_000,
    );
  },
};

/** `share` of the batches meet `fault`. */
const some = (name: string, fault: Fault, share = 0.3): Cell => ({
  name,
  fast: true,
  now: true,
  async run(stage) {
    const random = createRandom(20261122);
    const page = await stage.visit();
    stage.proxy.set(() => (random() < share ? fault : { kind: 'pass' }));
    await waitUntil(async () => {
      await page.evaluate('make(10); throughline.flush()');
      return stage.proxy.arrivals.length > 25;
    }, 60_000);
    await stage.allStored(60_000);
  },
});

const slow: Cell = {
  name: 'answers come after 31 s',
  now: true,
  async run(stage) {
    const page = await stage.visit();
    await page.evaluate('throughline.flush()');
    stage.proxy.set((index) => (index < 1 ? { kind: 'slow', ms: 31_000 } : { kind: 'pass' }));
    await page.evaluate('make(50)');
    const sent = stage.proxy.arrivals.length;
    await stage.allStored(30_000);
    // Until the agent, which gave up waiting, has sent it again.
    await waitUntil(async () => stage.proxy.arrivals.length > sent + 1, 45_000);
  },
};

const offline = (seconds: number): Cell => ({
  name: `offline ${seconds} s`,
  now: true,
  fast: seconds < 10,
  async run(stage) {
    const page = await stage.visit();
    await stage.profile.context().setOffline(true);
    const until = Date.now() + seconds * 1000;
    await waitUntil(
      async () => {
        await page.evaluate('make(10)');
        return Date.now() > until;
      },
      seconds * 1000 + 10_000,
    );
    await stage.profile.context().setOffline(false);
    await stage.allStored(30_000);
  },
});

const offlineAndGone: Cell = {
  name: 'offline, and the tab is closed before it is back',
  fast: true,
  async run(stage) {
    const page = await stage.visit();
    // Only a page whose storage has opened can keep anything; that takes some 10 ms, and more on a busy machine.
    const isOpen = `indexedDB.databases().then((all) => all.some(({ name }) => name.startsWith('throughline')))`;
    await waitUntil(() => page.evaluate(isOpen), 10_000);
    await page.evaluate('throughline.flush()');
    await stage.profile.context().setOffline(true);
    await page.evaluate('make(100)');
    await page.close();
    await stage.profile.context().setOffline(false);
  },
};

export const ANSWERS: readonly Cell[] = [
  outage(8, true),
  outage(30, false),
  retryAfter('seconds', () => '3', { fast: true }),
  retryAfter('date', () => new Date(Date.now() + 4000).toUTCString()),
  retryAfter('0', () => '0'),
  retryAfter('nonsense', () => 'soon'),
  retryAfter('ten years', () => String(10 * 365 * 86_400), { now: false }),
  ...[400, 401, 500].map(final),
  tooLarge,
  tinyLimit,
  oneTooLarge,
  some('30 % of answers are lost after the commit', { kind: 'lose-answer' }),
  some('30 % of uploads are cut', { kind: 'reset', afterBytes: 1 }),
  slow,
  offline(5),
  offline(25),
  offline(90),
  offlineAndGone,
];
