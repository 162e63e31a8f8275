import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright';
import { vi } from 'vitest';
import type { Child } from '../../demo/run/child.ts';
import { type Parts, startCollector, startParts } from '../../demo/run/parts.ts';
import { readTraces, type Span, type Trace } from '../../demo/run/traces.ts';
import { launchBrowser } from '../support/browser.ts';

export const KEYS = { page: 'pk_e2e_page', secret: 'sk_e2e_secret_0123456789' };
/** Batches leave every few seconds and activities end when quiet: this is several times the longest of that. */
const TRACE_TIMEOUT_MS = 20_000;

export interface RunningShop {
  parts: Parts;
  browser: Browser;
  /** What collector, backend and worker have written since they were ready, each line after its part's name. */
  log: string[];
  /** A visitor of his own: no cookies, storage or cache of others. Closed with the shop. */
  newVisitor(): Promise<{ page: Page; context: BrowserContext; pageErrors: Error[] }>;
  /** What all visitors did, oldest first: traces with a span of the page, and those of consumers that link to one. */
  traces(): Promise<Trace[]>;
  /** Polls until a trace satisfies `isIt`, whole: rooted and without orphans. Its last look is the error's message. */
  trace(isIt: (trace: Trace) => boolean): Promise<Trace>;
  /** Kills the collector as a crash would. */
  killCollector(): Promise<void>;
  /** Starts it again at its old address and data. */
  restartCollector(): Promise<void>;
  stop(): Promise<void>;
}

/** The demo as `npm run demo` starts it, on free ports and temporary data, with a Chromium beside it. */
export async function startShop(): Promise<RunningShop> {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'throughline-e2e-'));
  const ports = { collector: 0, shop: 0, backend: 0 };
  const fromMs = Date.now();
  const log: string[] = [];
  const [parts, browser] = await Promise.all([
    startParts({ dataDirectory, keys: KEYS, ports, onLine: (line) => log.push(line) }),
    launchBrowser(),
  ]);
  const { collector } = parts;
  let later: Child | undefined;

  const traces = () => readTraces(collector.url, fromMs);
  return {
    parts,
    browser,
    log,
    traces,
    async newVisitor() {
      const context = await browser.newContext();
      const page = await context.newPage();
      const pageErrors: Error[] = [];
      page.on('pageerror', (error) => pageErrors.push(error));
      return { page, context, pageErrors };
    },
    trace: (isIt) =>
      vi.waitFor(
        async () => {
          const all = await traces();
          const found = all.find((trace) => isWhole(trace) && isIt(trace));
          if (!found) throw new Error(`No such trace among:\n${all.map(summary).join('\n')}`);
          return found;
        },
        { timeout: TRACE_TIMEOUT_MS, interval: 200 },
      ),
    killCollector: () => (later ?? collector).kill(),
    async restartCollector() {
      const port = Number(new URL(collector.url).port);
      later = await startCollector({ dataDirectory, keys: KEYS, port });
    },
    async stop() {
      await browser.close();
      await later?.stop();
      await parts.stop();
      rmSync(dataDirectory, { recursive: true, force: true });
    },
  };
}

export function rootOf(trace: Trace): Span {
  const root = trace.spans.find(({ spanId }) => spanId === trace.root);
  if (!root) throw new Error(`Trace ${trace.traceId} has no root span.`);
  return root;
}

export function activityOf(trace: Trace): unknown {
  return rootOf(trace).attributes['throughline.activity'];
}

/** The spans from the root down to `span`. */
export function lineOf(trace: Trace, span: Span): Span[] {
  const parent = trace.spans.find(({ spanId }) => spanId === span.parentSpanId);
  return parent ? [...lineOf(trace, parent), span] : [span];
}

/** Database spans, the deepest there are. */
export function queriesOf(trace: Trace): Span[] {
  return trace.spans.filter(({ attributes }) => attributes['db.system.name'] === 'sqlite');
}

/** `layer kind service` of each span of a line: what the line goes through. */
export function stationsOf(line: Span[]): string[] {
  return line.map(({ layer, kind, service }) => `${layer} ${kind} ${service}`);
}

function isWhole({ hasRoot, spans }: Trace): boolean {
  return hasRoot && spans.every(({ orphan }) => !orphan);
}

function summary(trace: Trace): string {
  const spans = trace.spans.map(({ service, name, orphan }) => `${service}: ${name}${orphan ? ' (orphan)' : ''}`);
  const events = trace.events.map(({ name }) => name);
  return `${trace.traceId}${trace.hasRoot ? '' : ' (no root)'}\n    ${[...spans, ...events].join('\n    ')}`;
}
