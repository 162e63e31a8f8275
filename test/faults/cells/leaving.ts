import type { Cell, Stage } from '../cell.ts';
import { PAGE_KEY } from '../running-collector.ts';

/** The page is left with records queued that nothing has been sent of. */
const SIZES = [10, 100, 1000];

async function pageWith(stage: Stage, records: number) {
  const page = await stage.visit();
  // The page load's own records are away, so what is measured is what was just made.
  await page.evaluate('throughline.flush()');
  await page.evaluate(`make(${records})`);
  return page;
}

const close = (records: number): Cell => ({
  name: `tab closed, ${records} queued`,
  fast: records === 100,
  async run(stage) {
    const page = await pageWith(stage, records);
    await page.close();
  },
});

const navigate = (records: number): Cell => ({
  name: `link followed, ${records} queued`,
  fast: records === 1000,
  async run(stage) {
    const page = await pageWith(stage, records);
    await page.click('a');
    await page.waitForURL('**/elsewhere');
  },
});

const quotaInUse: Cell = {
  name: 'link followed, the site itself holds 50 KiB of the keepalive quota',
  fast: true,
  async run(stage) {
    const page = await pageWith(stage, 100);
    await page.evaluate(`void fetch('/hold', { method: 'POST', keepalive: true, body: 'x'.repeat(50 * 1024) })`);
    await page.click('a');
    await page.waitForURL('**/elsewhere');
  },
};

const WITHOUT_STORAGE =
  "for (const name of ['indexedDB', 'localStorage']) Object.defineProperty(window, name, { value: undefined });";

/** Without the other ways out: what leaves, leaves as a beacon. */
const noKeepalive = (name: string, before: string): Cell => ({
  name: `link followed, ${name}`,
  now: true,
  async run(stage) {
    const page = await stage.visit({ before: `delete window.fetchLater; ${WITHOUT_STORAGE} ${before}` });
    await page.evaluate('throughline.flush()');
    await page.evaluate('make(30)');
    await page.click('a');
    await page.waitForURL('**/elsewhere');
  },
});

/** Our database cannot open while this page upgrades it, as a slow disk would have it. */
const HOLD_DATABASE = `new Promise((held) => {
  const opening = indexedDB.open('throughline ${PAGE_KEY}', 1);
  opening.onupgradeneeded = () => {
    const chunks = opening.result.createObjectStore('chunks');
    opening.result.createObjectStore('ledgers', { keyPath: 'page' });
    const ask = () => { if (!window.isReleased) chunks.count().onsuccess = ask; };
    ask();
    held();
  };
  opening.onsuccess = () => opening.result.close();
})`;

const beforeStorage: Cell = {
  name: 'tab closed before its storage has opened, nobody answering',
  fast: true,
  async run(stage) {
    const holder = await stage.profile.context().newPage();
    await holder.goto(`${stage.site.origin}/elsewhere`);
    await holder.evaluate(HOLD_DATABASE);
    stage.proxy.set(() => ({ kind: 'reset' }));
    const page = await stage.visit();
    await page.evaluate('make(90); makeErrors(10)');
    await page.close();
    await holder.evaluate('window.isReleased = true');
  },
};

const crash: Cell = {
  name: 'renderer crashes 1 s after 20 errors',
  fast: true,
  async run(stage) {
    const page = await stage.visit();
    stage.proxy.set(() => ({ kind: 'answer', status: 503 }));
    await page.evaluate('makeErrors(20)');
    await page.waitForFunction(`performance.now() > ${await page.evaluate('performance.now()')} + 1000`);
    stage.proxy.set(() => ({ kind: 'pass' }));
    const crashed = page.waitForEvent('crash');
    const session = await stage.cdp(page);
    // Never answered: the page that would answer is gone.
    session.send('Page.crash').catch(() => {});
    await crashed;
  },
  arrives: 0.95,
};

const killed: Cell = {
  name: 'browser killed (SIGKILL) 1 s after 100 records',
  ownBrowser: true,
  async run(stage) {
    stage.proxy.set(() => ({ kind: 'answer', status: 503 }));
    const page = await stage.visit();
    await page.evaluate('make(100)');
    await page.waitForFunction(`performance.now() > ${await page.evaluate('performance.now()')} + 1000`);
    await stage.profile.killAndReopen();
  },
};

const restored: Cell = {
  name: 'back/forward cache: left, restored, closed',
  fast: true,
  async run(stage) {
    const page = await pageWith(stage, 50);
    await page.evaluate('window.isFirst = true');
    await page.click('a');
    await page.waitForURL('**/elsewhere');
    await page.goBack({ waitUntil: 'commit' });
    if ((await page.evaluate('window.isFirst')) !== true) {
      const reasons = await page.evaluate(
        'JSON.stringify(performance.getEntriesByType("navigation")[0].notRestoredReasons)',
      );
      throw new Error(`the page was not restored from the back/forward cache: ${reasons}`);
    }
    await page.evaluate('make(50)');
    await page.close();
  },
};

export const LEAVING: readonly Cell[] = [
  ...SIZES.map(close),
  ...SIZES.map(navigate),
  quotaInUse,
  noKeepalive(
    'where fetch has no keepalive',
    'delete Request.prototype.keepalive; const realFetch = fetch; window.fetch = (url, init) => realFetch(url, { ...init, keepalive: false });',
  ),
  noKeepalive(
    'where keepalive is refused',
    'const realFetch = fetch; window.fetch = (url, init) => init?.keepalive ? Promise.reject(new TypeError("refused")) : realFetch(url, init);',
  ),
  beforeStorage,
  crash,
  killed,
  restored,
];
