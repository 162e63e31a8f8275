import type { Cell, Stage } from '../cell.ts';
import { startFaultProxy } from '../fault-proxy.ts';
import { parseTold } from '../ground-truth.ts';
import { waitUntil } from '../run-cell.ts';
import { PAGE_KEY } from '../running-collector.ts';

/** What a site, a browser or a visitor does to the agent. */

/**
 * Makes `records` and leaves by a link, then closes the tab. A tab that is closed at once may be ended without its exit
 * events, half a second later, when the machine is busy: that is another fault than the one that is meant.
 */
async function leaveWith(stage: Stage, records: number, before = ''): Promise<void> {
  const tag = `left ${crypto.randomUUID()}`;
  const after = "addEventListener('pagehide', () => navigator.sendBeacon('/told' + location.search, 'left'));";
  const page = await stage.visit({ before, after, tag });
  await page.evaluate(`make(${records})`);
  await page.click('a');
  if (!(await waitUntil(async () => stage.site.told(tag).includes('left'), 15_000)))
    throw new Error('the page did not say that it was left');
  await page.close();
}

/** Leaves with 50 records while the collector is away: only the device could keep them. */
async function leaveDuringOutage(stage: Stage, before: string): Promise<void> {
  stage.proxy.set(() => ({ kind: 'answer', status: 503 }));
  await leaveWith(stage, 50, before);
  stage.proxy.set(() => ({ kind: 'pass' }));
}

const noDatabase: Cell = {
  name: 'IndexedDB is missing',
  fast: true,
  run: (stage) => leaveDuringOutage(stage, 'Object.defineProperty(window, "indexedDB", { value: undefined });'),
};

const deniedDatabase: Cell = {
  name: 'IndexedDB is denied',
  run: (stage) =>
    leaveDuringOutage(
      stage,
      'Object.defineProperty(window, "indexedDB", { get() { throw new DOMException("denied", "SecurityError"); } });',
    ),
};

const fullDatabase: Cell = {
  name: 'IndexedDB is full',
  async run(stage) {
    const page = await stage.visit();
    const session = await stage.cdp(page);
    await session.send('Storage.overrideQuotaForOrigin', { origin: stage.site.origin, quotaSize: 1 });
    stage.proxy.set(() => ({ kind: 'answer', status: 503 }));
    await page.evaluate('make(50)');
    await page.waitForFunction(`performance.now() > ${await page.evaluate('performance.now()')} + 1000`);
    stage.proxy.set(() => ({ kind: 'pass' }));
    await stage.allStored(20_000);
    await page.close();
  },
};

/** Fills the outbox with what no version of ours wrote: other shapes, under our keys and others. */
const SPOIL = `
new Promise((resolve) => {
  const request = indexedDB.open('throughline ${PAGE_KEY}', 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('chunks');
    request.result.createObjectStore('ledgers', { keyPath: 'page' });
  };
  request.onsuccess = () => {
    const transaction = request.result.transaction(['chunks', 'ledgers'], 'readwrite');
    const chunks = transaction.objectStore('chunks');
    const page = '00000000deadbeef';
    chunks.put('not a chunk', [0, 1, 100, 7, page, page + '-0']);
    chunks.put({ resource: '{}', spans: 'none', logs: null }, [2, 2, 100, 3, page, page + '-1']);
    chunks.put(null, [2, 3, 100, 1, page, page + '-2']);
    chunks.put({}, 'a key of another shape');
    transaction.objectStore('ledgers').put({ page, produced: 11, at: 1 });
    transaction.oncomplete = () => { request.result.close(); resolve(); };
  };
})`;

const spoiltDatabase: Cell = {
  name: 'IndexedDB holds garbage',
  fast: true,
  async run(stage) {
    const spoiler = await stage.profile.context().newPage();
    await spoiler.goto(`${stage.site.origin}/elsewhere`);
    await spoiler.evaluate(SPOIL);
    await spoiler.close();
    await leaveDuringOutage(stage, '');
  },
};

const foreignDatabase: Cell = {
  name: 'IndexedDB has our database without our tables',
  async run(stage) {
    const spoiler = await stage.profile.context().newPage();
    await spoiler.goto(`${stage.site.origin}/elsewhere`);
    await spoiler.evaluate(
      `new Promise((resolve) => { const request = indexedDB.open('throughline ${PAGE_KEY}', 1); request.onsuccess = () => { request.result.close(); resolve(); }; })`,
    );
    await spoiler.close();
    await leaveDuringOutage(stage, '');
  },
};

/** Ten pages come at once, all with `before`, where five have left something. */
const tenTabs = (name: string, fast: boolean, before: string): Cell => ({
  name,
  fast,
  now: true,
  async run(stage) {
    stage.proxy.set(() => ({ kind: 'answer', status: 503 }));
    for (let tab = 0; tab < 5; tab++) await leaveWith(stage, 60, before);
    stage.proxy.set(() => ({ kind: 'pass' }));
    await Promise.all(Array.from({ length: 10 }, () => stage.visit({ before })));
    await stage.allStored(30_000);
  },
});
/** As on an insecure origin. */
const WITHOUT_LOCKS = 'delete Navigator.prototype.locks;';

const csp: Cell = {
  name: 'the page’s CSP refuses the collector',
  async run(stage) {
    const page = await stage.visit({ csp: "connect-src 'self'" });
    await page.evaluate('make(50); throughline.flush()');
    await page.close();
  },
};

const blocker: Cell = {
  name: 'a blocker refuses the collector',
  fast: true,
  async run(stage) {
    const batches = (url: URL) => url.pathname === '/otlp';
    await stage.profile.context().route(batches, (route) => route.abort('blockedbyclient'));
    const page = await stage.visit();
    await page.evaluate('make(50); throughline.flush()');
    await page.close();
    await stage.profile.context().unroute(batches);
  },
};

const serviceWorker: Cell = {
  name: 'the site’s service worker drops every POST',
  async run(stage) {
    const page = await stage.visit({
      after:
        'window.controlled = navigator.serviceWorker.register("/worker.js").then(() => navigator.serviceWorker.ready);',
    });
    await page.evaluate('controlled.then(() => undefined)');
    await page.waitForFunction('navigator.serviceWorker.controller !== null');
    await page.evaluate('make(50); throughline.flush()');
    // The worker is gone at the next visit, as after the site’s next release.
    await page.evaluate('navigator.serviceWorker.getRegistration().then((worker) => worker.unregister())');
    await page.close();
  },
};

const MOVABLE_CLOCK = 'window.jumpMs = 0; const realNow = Date.now; Date.now = () => realNow() + window.jumpMs;';

/** As the sender's clock says, not as it is corrected: an end before its start is what must never leave a page. */
function checkDurations({ proxy }: Stage): void {
  const odd = proxy.durations.find((ms) => ms < 0 || ms > 60_000);
  if (odd !== undefined) throw new Error(`a span took ${odd} ms`);
}

const clock = (name: string, jumpMs: number, fast = false): Cell => ({
  name,
  fast,
  now: true,
  async run(stage) {
    const page = await stage.visit({
      before: MOVABLE_CLOCK,
    });
    await page.evaluate('make(20); throughline.flush()');
    await page.evaluate(`jumpMs = ${jumpMs}; dispatchEvent(new Event("online"))`);
    await page.evaluate('make(20); makeErrors(2); throughline.flush()');
    await stage.allStored(15_000);
    checkDurations(stage);
  },
});

const HOURS_ASLEEP_MS = 8 * 3_600_000;

const asleep: Cell = {
  name: 'the machine sleeps eight hours with a batch on its way',
  ownBrowser: true,
  now: true,
  async run(stage) {
    const page = await stage.visit({ before: MOVABLE_CLOCK });
    await page.evaluate('make(20); throughline.flush()');
    const sent = stage.proxy.arrivals.length;
    // Its answer comes while nobody listens; and the network is there later than the page.
    stage.proxy.set((index) => (index === 0 ? { kind: 'slow', ms: 1500 } : { kind: index < 3 ? 'reset' : 'pass' }));
    await page.evaluate('make(20); void throughline.flush()');
    await waitUntil(async () => stage.proxy.arrivals.length > sent, 10_000);
    await page.evaluate(`jumpMs = ${HOURS_ASLEEP_MS}`);
    await stage.profile.sleep(5000);
    await page.evaluate('make(20); makeErrors(2)');
    await stage.allStored(30_000);
    checkDurations(stage);
  },
};

/** Longer than records wait before they are sent. */
const LONGER_THAN_A_FLUSH_MS = 7000;

/**
 * A page that has another prerendered, which makes seven records at once and reports to a collector of its own; a debugger
 * would switch prerendering off.
 */
const prerendered = (isShown: boolean): Cell => ({
  name: isShown ? 'a prerendered page is shown' : 'a prerendered page is never shown',
  ownBrowser: true,
  now: true,
  async run(stage) {
    const { site, made, proxy, profile } = stage;
    const ofPrerendered = await startFaultProxy(proxy.collector);
    const tag = `prerendered ${isShown}`;
    const saw = (fits: (text: string) => boolean, withinMs: number) =>
      waitUntil(async () => site.told(tag).some(fits), withinMs);
    const target = site.address(ofPrerendered.origin, {
      tag,
      after: `make(7); fetch('/told' + location.search, { method: 'POST', body: 'prerendering ' + document.prerendering });`,
    });
    const rules = JSON.stringify({ prerender: [{ urls: [target], eagerness: 'immediate' }] });
    const show = isShown ? `setTimeout(() => { location.href = ${JSON.stringify(target)}; }, 3000);` : '';
    const first = stage.address({
      tag,
      after: `const rules = document.createElement('script'); rules.type = 'speculationrules'; rules.textContent = ${JSON.stringify(rules)}; document.head.append(rules); make(5); throughline.flush(); ${show}`,
    });
    let sentByPrerendered = 0;
    await profile.unattended(first, async () => {
      if (!(await saw((text) => text === 'prerendering true', 15_000))) throw new Error('the page was not prerendered');
      await waitUntil(async () => ofPrerendered.arrivals.length > 0, LONGER_THAN_A_FLUSH_MS);
      sentByPrerendered = ofPrerendered.arrivals.length;
      const records = site
        .told(tag)
        .filter((text) => text.startsWith('{'))
        .map(parseTold);
      // What a page made that nobody has seen is not to be sent: only the first page's five count.
      made.push(...(isShown ? records : records.filter(({ traceId }) => traceId === records[0]?.traceId)));
      await stage.allStored(10_000);
    });
    await ofPrerendered.close();
    proxy.logs.push(...ofPrerendered.logs);
    if (!isShown && sentByPrerendered > 0) throw new Error('a page nobody has seen has sent something');
  },
});

export const SURROUNDINGS: readonly Cell[] = [
  noDatabase,
  deniedDatabase,
  fullDatabase,
  spoiltDatabase,
  foreignDatabase,
  tenTabs('ten tabs drain one outbox', true, ''),
  tenTabs('ten tabs drain one outbox, without Web Locks', false, WITHOUT_LOCKS),
  csp,
  blocker,
  serviceWorker,
  clock('the clock jumps ahead an hour', 3_600_000, true),
  clock('the clock is set back an hour', -3_600_000),
  asleep,
  prerendered(true),
  prerendered(false),
];
