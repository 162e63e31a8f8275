import type { Browser, Page } from 'playwright';
import { expect } from 'vitest';
import type { OtlpKeyValue, OtlpLogRecord, OtlpSpan } from '../../src/wire/otlp.ts';
import { type RecordingCollector, startRecordingCollector } from './recording-collector.ts';
import { type Site, type SiteOptions, startSite } from './site.ts';

/** A site with the agent on it, and the collector it reports to, on another origin. */
export interface AgentSite {
  site: Site;
  collector: RecordingCollector;
  /** Opens `path` in a browser context of its own; what the console said is kept. With `commit` it does not wait for the load. */
  open(browser: Browser, path?: string, waitUntil?: 'commit'): Promise<AgentPage>;
  close(): Promise<void>;
}

export interface AgentPage {
  page: Page;
  console: string[];
  pageErrors: string[];
  close(): Promise<void>;
}

export interface AgentSiteOptions extends Omit<SiteOptions, 'page'> {
  /** What follows the script tag in the document. */
  body?: (url: URL) => string;
  /** More attributes of the script tag, e.g. `data-sample-ratio="0.5"`. */
  attributes?: string;
  /** What comes before the script tag. */
  head?: string;
}

/** Starts both. The agent is the built, minified file, loaded by an async script tag as a user would. */
export async function startAgentSite(options: AgentSiteOptions = {}): Promise<AgentSite> {
  const collector = await startRecordingCollector(() => '');
  const { body = () => '', attributes = '', head = '' } = options;
  const tag = `<script src="/throughline.js" data-key="pk_test" data-service="shop-web" data-collector="${collector.origin}" ${attributes}></script>`;
  const site = await startSite({
    ...options,
    page: (url) => `<!doctype html><title>shop</title>${head}${tag}<body>${body(url)}</body>`,
  });
  return {
    site,
    collector,
    async open(browser, path = '/', waitUntil) {
      const context = await browser.newContext();
      const page = await context.newPage();
      const said: string[] = [];
      const pageErrors: string[] = [];
      page.on('console', (message) => said.push(message.text()));
      page.on('pageerror', (error) => pageErrors.push(String(error)));
      await page.goto(site.origin + path, waitUntil && { waitUntil });
      return { page, console: said, pageErrors, close: () => context.close() };
    },
    async close() {
      await Promise.all([site.close(), collector.close()]);
    },
  };
}

/** Attributes as a plain object; whole numbers are numbers again. */
export function attributesOf({ attributes }: { attributes?: OtlpKeyValue[] }): Record<string, unknown> {
  return Object.fromEntries(
    (attributes ?? []).map(({ key, value }) => [
      key,
      value?.intValue === undefined
        ? (value?.stringValue ?? value?.doubleValue ?? value?.boolValue ?? value?.arrayValue)
        : Number(value.intValue),
    ]),
  );
}

/** How long tests wait for what must come, and how often they look. */
export const WAIT = { timeout: 15_000, interval: 50 };

/** The first span that fits, once it arrived. Asks the agent to send what it has. */
export async function spanWhere(
  { collector }: AgentSite,
  page: Page | undefined,
  fits: (span: OtlpSpan) => boolean,
): Promise<OtlpSpan> {
  return expectEventually(page, () => collector.spans().find(fits));
}

export async function eventWhere(
  { collector }: AgentSite,
  page: Page | undefined,
  fits: (record: OtlpLogRecord) => boolean,
): Promise<OtlpLogRecord> {
  return expectEventually(page, () => collector.logs().find(fits));
}

async function expectEventually<T>(page: Page | undefined, find: () => T | undefined): Promise<T> {
  let found: T | undefined;
  await expect
    .poll(async () => {
      if (page && !page.isClosed())
        await page.evaluate(() => (window as { throughline?: { flush(): Promise<void> } }).throughline?.flush());
      found = find();
      return found !== undefined;
    }, WAIT)
    .toBe(true);
  return found as T;
}

/** `traceparent` of a request, taken apart. */
export function traceparentOf(headers: Record<string, unknown>) {
  const [version, traceId, spanId, flags] = String(headers.traceparent ?? '').split('-');
  return { version, traceId, spanId, flags };
}
