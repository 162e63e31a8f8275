import type { Browser } from 'playwright';
import { type Candidate, fetchItems, openBenchPage, pressButton } from './page.ts';

export const FETCHES = 200;
const PRESSES = 40;
/** What an agent does when idle is not the price of a request. */
const IDLE_MS = 2500;
/** As on a page that stays: batches leave at their own pace, compressed. */
const STAY_MS = 6000;
const MAX_WAIT_MS = 10_000;

/** What one page with an agent costs; what it costs more than a page without one is the agent's. */
export interface Cost {
  /** CPU of evaluating and starting, in the task of the script. */
  startMs: number;
  /** CPU of another thread, to compile it as it arrives. */
  besideMs: number;
  /** CPU of what it puts off, and does in the seconds after. */
  idleMs: number;
  perFetchUs: number;
  /** Scripts alone: how many frames are drawn between two clicks differs more than an agent costs. */
  perPressUs: number;
  /** Bytes sent for the requests and all else the page did. */
  wireBytes: number;
  /** How many of the requests were told of. */
  reported: number;
}

export async function measureCost(browser: Browser, candidate: Candidate): Promise<Cost> {
  const bench = await openBenchPage(browser);
  const { page, sink, taskMs, scriptMs } = bench;
  try {
    const before = await taskMs();
    const { startMs, besideMs } = await bench.insert(candidate);
    await page.waitForTimeout(IDLE_MS);
    const idle = await taskMs();
    await fetchItems(page, FETCHES);
    const fetched = await taskMs();
    if (candidate.code !== '') await page.waitForTimeout(STAY_MS);
    const stayed = await scriptMs();
    await pressButton(page, PRESSES);
    const pressed = await scriptMs();
    await page.goto('about:blank');
    const deadline = Date.now() + (candidate.code === '' ? 0 : MAX_WAIT_MS);
    while (sink.items().size < FETCHES && Date.now() < deadline) await new Promise((done) => setTimeout(done, 50));
    return {
      startMs,
      besideMs,
      idleMs: idle - before - startMs,
      perFetchUs: ((fetched - idle) * 1000) / FETCHES,
      perPressUs: ((pressed - stayed) * 1000) / PRESSES,
      wireBytes: sink.bytes(),
      reported: sink.items().size,
    };
  } finally {
    await bench.close();
  }
}

/** Main-thread tasks over 50 ms that start with the agent on a processor four times slower, requests and clicks included. */
export async function countLongTasks(browser: Browser, candidate: Candidate): Promise<number> {
  const bench = await openBenchPage(browser);
  const { page, cdp } = bench;
  try {
    await page.evaluate(() => {
      const seen = window as unknown as { longTasks: number };
      seen.longTasks = 0;
      new PerformanceObserver((list) => {
        seen.longTasks += list.getEntries().length;
      }).observe({ type: 'longtask' });
    });
    await cdp.send('Emulation.setCPUThrottlingRate', { rate: 4 });
    await bench.insert(candidate);
    await page.waitForTimeout(IDLE_MS);
    await fetchItems(page, FETCHES / 4);
    await pressButton(page, PRESSES / 4);
    await page.waitForTimeout(IDLE_MS);
    return await page.evaluate(() => (window as unknown as { longTasks: number }).longTasks);
  } finally {
    await bench.close();
  }
}
