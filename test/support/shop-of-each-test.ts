import { buildSync } from 'esbuild';
import type { Browser, Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect } from 'vitest';
import { type AgentPage, type AgentSite, type AgentSiteOptions, startAgentSite } from './agent-page.ts';
import { launchBrowser } from './browser.ts';

/** What the tests of one file share: one browser, and for each test a site with the agent and one page of it. */
export interface ShopOfEachTest {
  readonly browser: Browser;
  readonly shop: AgentSite;
  readonly opened: AgentPage;
  readonly page: Page;
  /** Starts the site and opens it. */
  open(options?: AgentSiteOptions, path?: string, waitUntil?: 'commit'): Promise<Page>;
}

/** Registers the hooks. Each test's page and site are closed after it, and the page must have had no error. */
export function shopOfEachTest(): ShopOfEachTest {
  let browser: Browser;
  let shop: AgentSite;
  let opened: AgentPage;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterEach(async () => {
    const { pageErrors } = opened;
    await opened.close();
    await shop.close();
    expect(pageErrors).toEqual([]);
  });
  afterAll(() => browser.close());
  return {
    get browser() {
      return browser;
    },
    get shop() {
      return shop;
    },
    get opened() {
      return opened;
    },
    get page() {
      return opened.page;
    },
    async open(options, path, waitUntil) {
      shop = await startAgentSite(options);
      opened = await shop.open(browser, path, waitUntil);
      return opened.page;
    },
  };
}

/** An application as a script; JSX is that of `library`. */
export function bundleApp(contents: string, library: 'preact' | 'react' = 'preact'): string {
  const { outputFiles } = buildSync({
    stdin: { contents, resolveDir: process.cwd(), loader: 'tsx' },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: library,
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]?.text.replaceAll('</script', '<\\/script') ?? '';
}
