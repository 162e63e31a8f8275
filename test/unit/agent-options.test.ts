import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const sourceOf = (path: string) => readFileSync(path, 'utf8');

// The rules cannot be imported here: they read the browser's navigator for the default of `consent`.
const rules = [
  ...(/export const RULES[^=]*= \{(.*?)\n\};/s.exec(sourceOf('src/options.ts'))?.[1] ?? '').matchAll(/^ {2}(\w+):/gm),
].map(([, name]) => name);

test('every option is in the guide, and nothing else is', () => {
  const documented = [...sourceOf('docs/guides/browser.md').matchAll(/^\| `(\w+)` /gm)].map(([, name]) => name);
  expect(rules.length).toBeGreaterThan(15);
  expect(documented.sort()).toEqual([...rules].sort());
});

test('every signal is in the guide under the name sites write', () => {
  const guide = sourceOf('docs/guides/browser.md');
  const listed = (/Signals by name:([^.]*)\./.exec(guide)?.[1] ?? '').match(/[a-z][a-z-]+/g) ?? [];
  const named = [...sourceOf('src/instrumentations/index.ts').matchAll(/from '\.\/([\w-]+)\.ts'/g)].flatMap(
    ([, file]) => /name: '([\w-]+)'/.exec(sourceOf(`src/instrumentations/${file}.ts`))?.[1] ?? [],
  );
  expect([...listed].sort()).toEqual(named.sort());
});
