import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { buildSync } from 'esbuild';

// What a page or a worker downloads: `npm run bench:size` prints it, `--json` adds one object as the last line, `--check`
// fails when a gate is passed.

interface Sizes {
  min: number;
  gzip: number;
  brotli: number;
}
interface Shipped {
  name: string;
  /** Files that make it up; none where that part is not built yet. */
  files(): string[];
  /**
   * ES modules ship readable and in chunks: measured as the bundler of an application on Cloudflare packs them, without their
   * peers. `*`, or the names that are used.
   */
  bundled?: string;
  gate?: { of: keyof Sizes; maxBytes: number };
}

const kB = 1000;
const firstLoad = (): string[] => {
  const assets = 'dist/viewer/assets';
  return existsSync(assets)
    ? readdirSync(assets)
        .filter((name) => /\.(js|css)$/.test(name))
        .map((name) => `${assets}/${name}`)
    : [];
};

/** Everything that ships, with its gate; raising one needs a reason in the commit. */
const SHIPPED: readonly Shipped[] = [
  { name: 'throughline.js', files: () => ['dist/throughline.js'], gate: { of: 'brotli', maxBytes: 25.6 * kB } },
  { name: 'loader.js (inline)', files: () => ['dist/loader.js'], gate: { of: 'gzip', maxBytes: 1024 } },
  { name: 'index.js (API external)', files: () => ['dist/index.js'], bundled: '*' },
  {
    name: 'core.js',
    files: () => ['dist/core.js'],
    bundled: '{ instrument }',
    gate: { of: 'gzip', maxBytes: 8 * kB },
  },
  { name: 'worker.js', files: () => ['dist/worker.js'], bundled: '*', gate: { of: 'gzip', maxBytes: 11.5 * kB } },
  { name: 'hono.js', files: () => ['dist/hono.js'], bundled: '*', gate: { of: 'gzip', maxBytes: 11.5 * kB } },
  {
    name: 'cloudflare.js',
    files: () => ['dist/cloudflare.js'],
    bundled: '*',
    gate: { of: 'gzip', maxBytes: 15.7 * kB },
  },
  { name: 'viewer, first load', files: firstLoad, gate: { of: 'gzip', maxBytes: 60 * kB } },
];

function bundled(names: string, path: string): string {
  const { outputFiles } = buildSync({
    stdin: { contents: `export ${names} from './${path}'`, resolveDir: '.' },
    bundle: true,
    conditions: ['workerd', 'worker', 'browser'],
    minify: true,
    write: false,
    format: 'esm',
    external: ['node:*', 'hono', 'hono/*', '@opentelemetry/api'],
    // Not our tsconfig: its paths lead to the sources.
    tsconfigRaw: {},
  });
  return (outputFiles[0] as { text: string }).text;
}

function measure({ files, bundled: names }: Shipped): Sizes | undefined {
  const paths = files().filter((path) => existsSync(path));
  if (paths.length === 0) return undefined;
  const sizes = { min: 0, gzip: 0, brotli: 0 };
  for (const path of paths) {
    const code = names ? bundled(names, path) : readFileSync(path, 'utf8').replace(/^\/\/# sourceMappingURL=.*$/m, '');
    sizes.min += Buffer.byteLength(code);
    sizes.gzip += gzipSync(code, { level: 9 }).length;
    sizes.brotli += brotliCompressSync(code).length;
  }
  return sizes;
}

const measured = SHIPPED.map((shipped) => ({ ...shipped, sizes: measure(shipped) }));

console.log(`${'bytes'.padEnd(26)}${['min', 'gzip', 'brotli', 'gate'].map((column) => column.padStart(16)).join('')}`);
for (const { name, sizes, gate } of measured) {
  const cells = sizes ? [sizes.min, sizes.gzip, sizes.brotli].map(String) : ['not built', '', ''];
  const limit = gate ? `${gate.of} ≤ ${gate.maxBytes}` : '';
  console.log(name.padEnd(26) + [...cells, limit].map((cell) => cell.padStart(16)).join(''));
}

if (process.argv.includes('--check')) {
  const problems = measured.flatMap(({ name, sizes, gate }) => {
    if (!gate) return [];
    if (!sizes) return [`${name} is not built; run "npm run build" first.`];
    const over = sizes[gate.of] - gate.maxBytes;
    return over > 0
      ? [`${name} is ${sizes[gate.of]} bytes ${gate.of}, ${over} over its gate of ${gate.maxBytes}.`]
      : [];
  });
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
if (process.argv.includes('--json'))
  console.log(JSON.stringify(Object.fromEntries(measured.map(({ name, sizes }) => [name, sizes ?? null]))));
