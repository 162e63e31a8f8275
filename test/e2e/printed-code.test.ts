import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCollector } from '../../demo/run/parts.ts';
import type { Trace } from '../../demo/run/traces.ts';
import { launchBrowser } from '../support/browser.ts';
import { KEYS } from './running-shop.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const DOCUMENTS = ['README.md', 'docs/guides/getting-started.md'];

let collector: Awaited<ReturnType<typeof startCollector>>;
let folder: string;
let server: Server;
let origin: string;
/** What the little server answers; requests of other paths go to the backend it also is. */
const pages = new Map<string, { type: string; text: string }>();
const backendRequests: IncomingHttpHeaders[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'throughline-printed-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules/throughline'));
  symlinkSync(join(ROOT, 'node_modules/hono'), join(folder, 'node_modules/hono'));
  collector = await startCollector({ dataDirectory: join(folder, 'data'), keys: KEYS, port: 0 });
  server = createServer((request, response) => {
    const page = pages.get(request.url ?? '');
    if (!page) backendRequests.push(request.headers);
    response.setHeader('content-type', page?.type ?? 'application/json').end(page?.text ?? '{}');
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}, 60_000);
afterAll(async () => {
  await new Promise((done) => server?.close(done));
  await collector?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('the script tag in the documents is the one the collector prints at its first start', async () => {
  const cli = join(folder, 'node_modules/throughline/dist/cli.js');
  const child = spawn(process.execPath, [cli, '--port', '0', '--data', join(folder, 'first-start')]);
  let output = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) {
    output += chunk;
    if (output.includes('Throughline is listening on')) child.kill('SIGTERM');
  }
  const printed = /<script .*<\/script>/.exec(output)?.[0] ?? output;
  const tags = DOCUMENTS.flatMap(blocksOf).filter((block) => kindOf(block) === 'script tag');
  for (const { code } of tags) expect(anonymous(code.trim())).toBe(anonymous(printed));
});

describe.each(DOCUMENTS)('%s', (document) => {
  const blocks = blocksOf(document);

  test('shows a script tag and a worker', () => {
    expect(blocks.map(kindOf)).toEqual(expect.arrayContaining(['script tag', 'worker']));
  });

  test.each(blocks.filter((block) => kindOf(block) === 'script tag'))('the script tag traces a page', async (block) => {
    pages.set('/tag', { type: 'text/html', text: `<!doctype html>${adapt(block.code)}<h1>A page</h1>` });
    await expectPageLoad('/tag');
  });

  test.each(blocks.filter((block) => kindOf(block) === 'page module'))('the import traces a page', async (block) => {
    pages.set('/module.js', { type: 'text/javascript', text: await bundle(block) });
    pages.set('/module', {
      type: 'text/html',
      text: '<!doctype html><script src="/module.js"></script><h1>A page</h1>',
    });
    await expectPageLoad('/module');
  });

  test.each(blocks.filter((block) => kindOf(block) === 'worker'))(
    'the worker $name is traced to its backend',
    async (block) => {
      const miniflare = new Miniflare({
        modules: true,
        script: await bundle(block),
        compatibilityDate: '2026-07-01',
        compatibilityFlags: flagsOf(document),
        bindings: { COLLECTOR_URL: collector.url, THROUGHLINE_SECRET_KEY: KEYS.secret, BACKEND_URL: origin },
      });
      try {
        backendRequests.length = 0;
        const traceId = crypto.randomUUID().replaceAll('-', '');
        const response = await miniflare.dispatchFetch('http://shop.example/api/products/1', {
          headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-03` },
        });
        expect(response.status).toBe(200);
        expect(backendRequests[0]?.traceparent).toContain(traceId);
        const trace = await expect
          .poll(() => readTrace(traceId), { timeout: 15_000 })
          .toMatchObject({
            spans: [
              { service: 'shop-edge', kind: 'server' },
              { service: 'shop-edge', kind: 'client' },
            ],
          })
          .then(() => readTrace(traceId));
        expect(backendRequests[0]?.traceparent).toContain(trace?.spans[1]?.spanId);
      } finally {
        await miniflare.dispose();
      }
    },
  );

  test.each(blocks.filter(({ code }) => code.includes('OTEL_EXPORTER_OTLP_ENDPOINT')))(
    'the environment makes a stock OpenTelemetry SDK report here',
    async ({ code }) => {
      const lines = adapt(code).trim().split('\n');
      const env = Object.fromEntries(lines.map((line) => /^(\w+)="?(.*?)"?$/.exec(line)?.slice(1) as [string, string]));
      const script = `
        import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
        import { detectResources, envDetector } from '@opentelemetry/resources';
        import { NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node';
        const provider = new NodeTracerProvider({
          resource: detectResources({ detectors: [envDetector] }),
          spanProcessors: [new SimpleSpanProcessor(new OTLPTraceExporter())],
        });
        const span = provider.getTracer('stock').startSpan('work');
        span.end();
        await provider.shutdown();
        console.log(span.spanContext().traceId);`;
      const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
        cwd: ROOT,
        env: { ...process.env, ...env },
      });
      expect(await readTrace(stdout.trim())).toMatchObject({ spans: [{ name: 'work', service: 'shop-backend' }] });
    },
  );

  test('its TypeScript compiles against the published types', async () => {
    const options = {
      compilerOptions: {
        ...{ strict: true, noEmit: true, target: 'ES2022', module: 'ESNext', moduleResolution: 'Bundler', types: [] },
        ...{ lib: ['ES2023', 'WebWorker', 'WebWorker.Iterable'], skipLibCheck: true, exactOptionalPropertyTypes: true },
      },
      include: ['*.ts'],
    };
    const project = mkdtempSync(join(folder, 'types-'));
    writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(options));
    for (const [index, { language, name, code }] of blocks.entries())
      if (language === 'ts') writeFileSync(join(project, name || `block-${index}.ts`), code);
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const { stdout } = await promisify(execFile)(process.execPath, [tsc, '-p', project]).catch((error) => error);
    expect(stdout).toBe('');
  });
});

interface Block {
  language: string;
  /** The word after the language, a file name; '' when there is none. */
  name: string;
  code: string;
}

function blocksOf(document: string): Block[] {
  const text = readFileSync(join(ROOT, document), 'utf8');
  return [...text.matchAll(/^ *```(\w+) ?(\S*)\n([\s\S]*?)^ *```$/gm)].map(([, language, name, code]) => ({
    ...{ language: language ?? '', name: name ?? '', code: code ?? '' },
  }));
}

function kindOf({ language, code }: Block): 'script tag' | 'page module' | 'worker' | 'other' {
  if (language === 'html' && code.includes('throughline.js')) return 'script tag';
  if (language !== 'ts') return 'other';
  if (code.includes("from 'throughline'")) return 'page module';
  return /from 'throughline\/(hono|worker)'/.test(code) ? 'worker' : 'other';
}

/** The one thing that differs on the reader's machine: his addresses and keys. */
function adapt(code: string): string {
  return code
    .replaceAll('http://127.0.0.1:4318', collector.url)
    .replaceAll(/pk_\w+/g, KEYS.page)
    .replaceAll(/sk_\w+/g, KEYS.secret);
}

/** A script tag without what differs from site to site. */
function anonymous(tag: string): string {
  return tag
    .replace(/http:\/\/[\w.:]+/, 'COLLECTOR')
    .replace(/pk_[\w-]+/, 'KEY')
    .replace(/data-service="[\w-]+"/, 'SERVICE');
}

function flagsOf(document: string): string[] {
  const text = [document, ...DOCUMENTS].map((path) => readFileSync(join(ROOT, path), 'utf8')).join('\n');
  return JSON.parse(/"compatibility_flags": (\[[^\]]*\])/.exec(text)?.[1] ?? '[]');
}

async function bundle({ code }: Block): Promise<string> {
  const result = await build({
    stdin: { contents: adapt(code), loader: 'ts', resolveDir: folder },
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    logLevel: 'silent',
  });
  return result.outputFiles[0]?.text ?? '';
}

async function expectPageLoad(path: string): Promise<void> {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.goto(origin + path, { waitUntil: 'load' });
    await page.close();
    await expect
      .poll(async () => (await readTraces()).flatMap(({ spans }) => spans.map(urlOfPageLoad)), { timeout: 15_000 })
      .toContain(origin + path);
  } finally {
    await browser.close();
  }
}

function urlOfPageLoad({ attributes }: Trace['spans'][number]): unknown {
  return attributes['throughline.activity'] === 'page load' ? attributes['url.full'] : undefined;
}

async function readTraces(): Promise<Trace[]> {
  const response = await fetch(`${collector.url}/api/traces?service=shop-web`);
  const { traces } = (await response.json()) as { traces: Array<{ traceId: string }> };
  return (await Promise.all(traces.map(({ traceId }) => readTrace(traceId)))).filter((trace) => trace !== undefined);
}

async function readTrace(traceId: string): Promise<Trace | undefined> {
  const response = await fetch(`${collector.url}/api/traces/${traceId}`);
  const answer: unknown = await response.json();
  return response.ok ? (answer as Trace) : undefined;
}
