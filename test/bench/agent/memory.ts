import type { Browser } from 'playwright';
import { type Candidate, openBenchPage } from './page.ts';

/** Eight hours of somebody who changes the page twice a minute, without the pauses. */
const ACTIVITIES = 960;
const QUARTERS = 4;
/** Before it: code is compiled, buffers that are bounded fill up. */
const WARM_UP_QUARTERS = 4;
/** Activities end a second after their last work. */
const SETTLE_MS = 1500;

/**
 * The heap in kB, after garbage collection, when each quarter of the simulated day is over, a day like it before: route changes, requests that
 * succeed and that fail, errors, own spans, timers.
 */
export async function measureMemory(browser: Browser, candidate: Candidate): Promise<number[]> {
  const bench = await openBenchPage(browser);
  const { page, cdp } = bench;
  const heapKb = async () => {
    await cdp.send('HeapProfiler.collectGarbage');
    await cdp.send('HeapProfiler.collectGarbage');
    return Math.round((await cdp.send('Runtime.getHeapUsage')).usedSize / 1000);
  };
  try {
    await bench.insert(candidate);
    const heaps: number[] = [];
    for (let quarter = 0; quarter < WARM_UP_QUARTERS + QUARTERS; quarter++) {
      await page.evaluate(
        async ([from, count]) => {
          for (let i = from as number; i < (from as number) + (count as number); i++) {
            history.pushState(null, '', `/products/${i}`);
            await (await fetch(`/api/items/${i}?status=${i % 10 === 0 ? 500 : 200}`)).text();
            await new Promise((done) => setTimeout(done));
            if (i % 20 === 0) setTimeout(() => document.querySelector('h1')?.dispatchEvent(new Event('nothing')), 100);
            if (i % 25 === 0) dispatchEvent(new ErrorEvent('error', { error: new Error(`number ${i}`) }));
          }
          performance.clearResourceTimings();
        },
        [(quarter * ACTIVITIES) / QUARTERS, ACTIVITIES / QUARTERS],
      );
      await page.waitForTimeout(SETTLE_MS);
      await page.evaluate(() => (window as { throughline?: { flush(): Promise<void> } }).throughline?.flush());
      heaps.push(await heapKb());
    }
    return heaps.slice(-QUARTERS);
  } finally {
    await bench.close();
  }
}
