import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const sourcesOf = (file: string): string[] => JSON.parse(readFileSync(`dist/${file}.map`, 'utf8')).sources;

describe.each(['throughline.js', 'index.js'])('dist/%s', (file) => {
  test('holds each OpenTelemetry package once', () => {
    const places = new Map<string, Set<string>>();
    for (const source of sourcesOf(file)) {
      const [, place = '', name = ''] = /^(.*node_modules\/@opentelemetry\/)([^/]+)\//.exec(source) ?? [];
      if (name) places.set(name, (places.get(name) ?? new Set()).add(place));
    }
    expect([...places.keys()]).toEqual(expect.arrayContaining(['sdk-trace', 'sdk-trace-web', 'instrumentation-fetch']));
    for (const [name, at] of places) expect([name, at.size]).toEqual([name, 1]);
  });

  test('holds no Node platform file, no protobuf, no zone.js', () => {
    expect(sourcesOf(file).filter((source) => /\/platform\/node\/|\/(protobufjs|zone\.js)\//.test(source))).toEqual([]);
  });

  test('is ours, OpenTelemetry and web-vitals, and nothing else', () => {
    const packages = sourcesOf(file).map(
      (source) => /node_modules\/(@[^/]+\/[^/]+|[^/]+)/.exec(source)?.[1] ?? 'throughline',
    );
    const foreign = packages.filter((name) => !/^(throughline|web-vitals|@opentelemetry\/.*)$/.test(name));
    expect(foreign).toEqual([]);
  });
});

test('the API itself is left to the application in the ES module, and is in the script', () => {
  const holdsApi = (file: string) => sourcesOf(file).some((source) => source.includes('@opentelemetry/api/'));
  expect([holdsApi('index.js'), holdsApi('throughline.js')]).toEqual([false, true]);
});

test('the script begins by asking for what it holds to be compiled where it is downloaded', () => {
  expect(readFileSync('dist/throughline.js', 'utf8')).toMatch(/^\/\/# allFunctionsCalledOnLoad\n/);
});
