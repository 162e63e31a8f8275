import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';

const SPAN_KEYS = 'attributes durationMs kind layer name parentSpanId service spanId startMs'.split(' ');
const started: ChildProcess[] = [];

afterEach(() => {
  // It ends its parts when it is asked to; what a passed test leaves behind, the test has seen.
  for (const child of started.splice(0)) child.kill('SIGTERM');
});

test.each([
  ['', []],
  ['--cloudflare ', ['--cloudflare']],
])(
  '%s--visit --json prints the traces of a visit as its last line, stops everything and exits 0',
  async (_, options) => {
    const run = runDemo([...options, '--visit', '--json']);
    expect(await run.exit, run.output()).toBe(0);
    expect(await leftBehind(run.output())).toEqual([]);

    const { traces } = JSON.parse(run.stdout().trimEnd().split('\n').at(-1) ?? '') as Report;
    const layers = new Set(traces.flatMap(({ spans }) => spans.map(({ layer }) => layer)));
    expect(layers).toEqual(new Set(['browser', 'edge', 'backend', 'queue']));
    for (const { traceId, root, spans } of traces) {
      expect(traceId).toMatch(/^[0-9a-f]{32}$/);
      const ids = new Set(spans.map(({ spanId }) => spanId));
      expect(ids).toContain(root);
      for (const span of spans) {
        expect(Object.keys(span).sort()).toEqual(SPAN_KEYS);
        if (span.spanId !== root) expect(ids, `parent of ${span.name}`).toContain(span.parentSpanId);
      }
    }
    const events = traces.flatMap((trace) => trace.events.map(({ name }) => name));
    expect(events).toEqual(expect.arrayContaining(['browser.web_vital', 'exception']));
  },
  90_000,
);

test('--visit prints each trace’s link and tree, stays up, and Ctrl-C stops everything', async () => {
  const data = mkdtempSync(join(tmpdir(), 'throughline-demo-test-'));
  const run = runDemo(['--visit', '--data', data]);
  await run.says(/Ctrl-C stops everything/);
  const [, viewer] = /Viewer\s+(http:\S+)/.exec(run.stdout()) ?? [];
  const link = new RegExp(`${viewer}/traces/([0-9a-f]{32})\\n(?:.*\\n)*?.*SELECT products\\s+backend\\s+shop-backend`);
  const [, traceId] = link.exec(run.stdout()) ?? [];
  expect((await fetch(`${viewer}/api/traces/${traceId}`)).status).toBe(200);
  expect((await fetch(`${viewer}/traces/${traceId}`)).headers.get('content-type')).toContain('text/html');

  run.child.kill('SIGINT');
  expect(await run.exit, run.output()).toBe(0);
  expect(await leftBehind(run.output())).toEqual([]);
  rmSync(data, { recursive: true });
}, 90_000);

test('a wrong option prints the usage and exits 2', async () => {
  for (const args of [['--json'], ['--vist']]) {
    const run = runDemo(args);
    expect(await run.exit).toBe(2);
    expect(run.output()).toContain('npm run demo -- --visit --json');
  }
});

function runDemo(args: string[]) {
  // A process group of its own, so that whatever it leaves behind can be seen.
  const child = spawn(process.execPath, ['demo/main.ts', ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.push(child);
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      written[name] += chunk;
      for (const listener of listeners) listener();
    });
  }
  const exit = new Promise<number | null>((resolve) => child.once('close', resolve));
  const output = () => `${written.stdout}\n${written.stderr}`;
  const says = (pattern: RegExp) =>
    Promise.race([
      new Promise<void>((resolve) => listeners.add(() => pattern.test(written.stdout) && resolve())),
      exit.then((code) => Promise.reject(new Error(`It exited with ${code} before.\n${output()}`))),
    ]);
  return { child, exit, output, stdout: () => written.stdout, says };
}

/** The addresses it printed at which somebody still listens. */
async function leftBehind(output: string): Promise<string[]> {
  const addresses = [...new Set(output.match(/http:\/\/127\.0\.0\.1:\d+/g))];
  expect(addresses.length).toBeGreaterThanOrEqual(3);
  const alive = await Promise.all(
    addresses.map((address) =>
      fetch(address)
        .then(() => true)
        .catch(() => false),
    ),
  );
  return addresses.filter((_, index) => alive[index]);
}

interface Report {
  traces: Array<{
    traceId: string;
    root: string;
    spans: Array<{ spanId: string; parentSpanId: string; name: string; layer: string }>;
    events: Array<{ name: string }>;
  }>;
}
