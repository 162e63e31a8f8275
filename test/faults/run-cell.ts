import type { Browser } from 'playwright';
import { ledgersOf } from '../support/ledger-reports.ts';
import type { Cell, CellResult, Stage } from './cell.ts';
import { type FaultProxy, PASS, startFaultProxy } from './fault-proxy.ts';
import type { FaultSite } from './fault-site.ts';
import { type MadeRecord, recordTruth } from './ground-truth.ts';
import { ownProfile, type Profile, sharedProfile } from './profile.ts';
import type { RunningCollector } from './running-collector.ts';

/** What all cells share. */
export interface Lab {
  browser: Browser;
  site: FaultSite;
  collector: RunningCollector;
}

/** How long records that left with a page may take to be stored. */
const NOW_MS = 4000;
/** How long the next visit may take to deliver what was left. */
const LATER_MS = 30_000;
const POLL_MS = 100;
/** What the agent promises: a bound on requests, whatever happens. */
const MAX_REQUESTS_A_MINUTE = 85;

/** Runs one cell in a browser profile of its own, and counts what came of every record it made. */
export async function runCell(cell: Cell, lab: Lab): Promise<CellResult> {
  const proxy = await startFaultProxy(lab.collector.url);
  const profile = cell.ownBrowser ? await ownProfile() : await sharedProfile(lab.browser);
  try {
    return await measure(cell, lab, proxy, profile);
  } finally {
    await profile.close();
    await proxy.close();
  }
}

async function measure(cell: Cell, lab: Lab, proxy: FaultProxy, profile: Profile): Promise<CellResult> {
  const made: MadeRecord[] = [];
  const pageErrors: string[] = [];
  const missing = async () => {
    const stored = await lab.collector.stored(made);
    return new Set(made.map(({ id }) => id).filter((id) => !stored.has(id))).size;
  };
  const stage = createStage({ lab, proxy, profile, made, pageErrors, missing });
  await cell.run(stage);
  for (const page of profile.context().pages()) await page.close();
  await waitUntil(async () => (await missing()) === 0, cell.now ? LATER_MS : NOW_MS);
  const deliveredNow = made.length - (await missing());

  proxy.set(() => PASS);
  const next = await stage.visit();
  await waitUntil(async () => (await missing()) === 0, deliveredNow < made.length ? LATER_MS : 0);
  // A batch of its own carries the books this visit has taken over.
  await next.evaluate('throughline.captureException(new Error("next visit")); throughline.flush()');
  const lost = await missing();

  const counts = await lab.collector.stored(made);
  const ids = new Set(made.map(({ id }) => id));
  const duplicates = [...ids].reduce((sum, id) => sum + Math.max(0, (counts.get(id) ?? 0) - 1), 0);
  const ledgers = ledgersOf(proxy.logs);
  const dropped = ledgers.flatMap(({ dropped }) => Object.values(dropped)).reduce((sum, count) => sum + count, 0);
  const unexplained = ledgers.reduce((sum, { unknown }) => sum + Math.abs(unknown), 0);
  const result = {
    name: cell.name,
    n: made.length,
    deliveredNow,
    deliveredLater: made.length - deliveredNow - lost,
    duplicates,
    unknownLoss: Math.max(0, lost - dropped) + unexplained,
    pageErrors: pageErrors.length,
  };
  const odd = ledgers.filter(({ unknown }) => unknown !== 0);
  const failed = judge(cell, result, { pageErrors, odd, busiest: busiestMinute(proxy.arrivals) });
  return failed ? { ...result, failed } : result;
}

function judge(
  cell: Cell,
  result: CellResult,
  seen: { pageErrors: string[]; odd: unknown[]; busiest: number },
): string | undefined {
  const { n, deliveredNow, deliveredLater, duplicates, unknownLoss } = result;
  const arrived = deliveredNow + deliveredLater;
  if (n === 0) return 'nothing was made';
  if (arrived < n * (cell.arrives ?? 1)) return `${n - arrived} of ${n} did not arrive`;
  if (cell.now && deliveredNow < n) return `${n - deliveredNow} of ${n} arrived only at the next visit`;
  if (duplicates > 0) return `${duplicates} are stored twice`;
  if (unknownLoss > 0) return `${unknownLoss} are lost without a reason ${JSON.stringify(seen.odd)}`;
  if (seen.pageErrors.length > 0) return `the page saw: ${seen.pageErrors[0]}`;
  if (seen.busiest > MAX_REQUESTS_A_MINUTE) return `${seen.busiest} requests in a minute`;
  return undefined;
}

/** The most arrivals in any 60 s. */
function busiestMinute(arrivals: readonly number[]): number {
  let most = 0;
  for (const from of arrivals) {
    most = Math.max(most, arrivals.filter((at) => at >= from && at < from + 60_000).length);
  }
  return most;
}

interface StageParts {
  lab: Lab;
  proxy: FaultProxy;
  profile: Profile;
  made: MadeRecord[];
  pageErrors: string[];
  missing: () => Promise<number>;
}

function createStage({ lab, proxy, profile, made, pageErrors, missing }: StageParts): Stage {
  const { site } = lab;
  const address: Stage['address'] = (options) => site.address(proxy.origin, options);
  return {
    profile,
    proxy,
    site,
    made,
    address,
    async visit(options) {
      const page = await profile.context().newPage();
      page.on('pageerror', (error) => pageErrors.push(String(error)));
      await recordTruth(page, made);
      await page.goto(address(options));
      await page.waitForFunction('"throughline" in window && typeof make === "function"');
      return page;
    },
    allStored: (withinMs) => waitUntil(async () => (await missing()) === 0, withinMs),
    cdp: (page) => profile.context().newCDPSession(page),
  };
}

/** Polls until `isDone`; false when the time is over. */
export async function waitUntil(isDone: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const until = Date.now() + withinMs;
  for (;;) {
    if (await isDone()) return true;
    if (Date.now() >= until) return false;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
