import { mkdirSync } from 'node:fs';
import { chromium, type Page } from 'playwright';
import { shopDay } from '../test/support/large-traces.ts';
import { summarise } from '../test/support/trace-tale.ts';
import { startViewerServer } from '../test/support/viewer-server.ts';
import { failedClick, productPage, queuedOrder } from '../test/support/viewer-traces.ts';
import { CHROMIUM_ARGS, ensureChromium } from './chromium.ts';

/**
 * Pictures of the viewer for the docs: `npm run --silent build && node scripts/pictures.ts [folder] [name…]`. The data is
 * made, so that two runs differ only where the viewer does.
 */
const DOCS = 'docs/pictures';
const [folder = DOCS, ...wanted] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const server = await startViewerServer();
const views = [productPage(), failedClick(), queuedOrder()];
for (const view of views) server.views.set(view.traceId, view);
server.summaries = [...views.map(summarise), ...shopDay(140)];
const [product, click, order] = views.map((view) => `/traces/${view.traceId}`);

const browser = await chromium.launch({ executablePath: ensureChromium(), args: CHROMIUM_ARGS });
const WIDE = { width: 1440, height: 860 };
const NARROW = { width: 390, height: 800 };

interface Picture {
  name: string;
  path: string | undefined;
  size: { width: number; height: number };
  theme: 'light' | 'dark';
  prepare?: (page: Page) => Promise<void>;
  /** Only to look at while working on the viewer: drawn when asked for by name, or into another folder. */
  isForWork?: true;
}

const openRow = (text: string) => async (page: Page) => {
  await page.locator('.row', { hasText: text }).first().click();
  await page.locator('.span-details').waitFor();
};

const pictures: Picture[] = [
  { name: 'list-light', path: '/', size: WIDE, theme: 'light' },
  { name: 'list-dark', path: '/', size: WIDE, theme: 'dark', isForWork: true },
  { name: 'list-narrow', path: '/', size: NARROW, theme: 'light', isForWork: true },
  {
    name: 'filters-light',
    path: '/?browser=Safari&attribute=http.route%3D%2Fcart',
    size: WIDE,
    theme: 'light',
    isForWork: true,
  },
  {
    name: 'filters-dark',
    path: '/?browser=Safari&attribute=http.route%3D%2Fcart',
    size: WIDE,
    theme: 'dark',
    isForWork: true,
  },
  { name: 'filters-narrow', path: '/?browser=Safari', size: NARROW, theme: 'light', isForWork: true },
  { name: 'trace-light', path: product, size: WIDE, theme: 'light' },
  { name: 'trace-dark', path: product, size: WIDE, theme: 'dark', prepare: openRow('/reviews') },
  {
    name: 'trace-details-light',
    path: product,
    size: WIDE,
    theme: 'light',
    prepare: openRow('GET /product/{id}'),
    isForWork: true,
  },
  { name: 'trace-narrow', path: product, size: NARROW, theme: 'dark', isForWork: true },
  { name: 'error-light', path: click, size: WIDE, theme: 'light', prepare: openRow('click add to cart') },
  { name: 'queue-light', path: order, size: WIDE, theme: 'light', prepare: openRow('process orders'), isForWork: true },
  { name: 'session-light', path: '/?sessionId=5f0c1a7be2d94c3a', size: WIDE, theme: 'light' },
  { name: 'session-dark', path: '/?sessionId=session-3', size: WIDE, theme: 'dark', isForWork: true },
  { name: 'vital-light', path: product, size: WIDE, theme: 'light', prepare: openRow('page load'), isForWork: true },
  { name: 'empty-light', path: '/?name=nothing-has-this-name', size: WIDE, theme: 'light', isForWork: true },
];

for (const { name, path, size, theme, prepare, isForWork } of pictures) {
  if (wanted.length > 0 ? !wanted.some((part) => name.includes(part)) : isForWork && folder === DOCS) continue;
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    timezoneId: 'Europe/Berlin',
    locale: 'en-GB',
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(`${name}: ${error}`));
  page.on('console', (message) => message.type() === 'error' && console.error(`${name}: ${message.text()}`));
  await page.goto(server.url + path);
  await page.locator('.row, .trace-row, .notice').first().waitFor();
  await prepare?.(page);
  await page.screenshot({ path: `${folder}/${name}.png` });
  console.error(`${folder}/${name}.png`);
  await context.close();
}
await browser.close();
await server.close();
