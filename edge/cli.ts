#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { formatBanner } from './cli/banner.ts';
import { loadAssets } from './cli/file-assets.ts';
import { loadKeys, withKey } from './cli/keys-file.ts';
import { openLedgerFile } from './cli/ledger-file.ts';
import { type CliOptions, parseOptions, USAGE, UsageError } from './cli/parse-options.ts';
import { runStoreVerb, STORE_USAGE } from './cli/store-verbs.ts';
import { createCollector } from './collector/create-collector.ts';
import { startForwarder } from './collector/forward/forwarder.ts';
import { createKeyRing, InvalidKeysError } from './collector/key-ring.ts';
import { serveCollector } from './server.ts';
import { openSqliteStore } from './store/sqlite/open-sqlite-store.ts';
import { StoreOpenError } from './store/sqlite/store-file.ts';

const EXPIRE_INTERVAL_MS = 60_000;
const SAVE_LEDGER_INTERVAL_MS = 5_000;
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

const report = (message: string) => console.error(`throughline: ${message}`);

async function run(options: CliOptions): Promise<void> {
  const directory = resolve(options.data);
  const loaded = loadKeys(directory);
  const keys = withKey(withKey(loaded.keys, 'public', options.key), 'secret', options.secretKey);
  const storeOptions = { directory, retentionMs: options.retentionMs, report };
  const store = await openSqliteStore(
    options.maxBytes === undefined ? storeOptions : { ...storeOptions, maxBytes: options.maxBytes },
  );
  const { ledger, save: saveLedger } = openLedgerFile(directory, report);
  const forwarder =
    options.forward === undefined
      ? undefined
      : startForwarder({
          url: options.forward,
          headers: options.forwardHeaders,
          directory: join(directory, 'forward'),
          onForwarded: (keyId, records) => ledger.count(keyId, { forwarded: records }),
          report,
        });
  const isLocal = LOOPBACK.test(options.host);
  const assets = loadAssets();
  const collector = createCollector({
    store,
    keys: createKeyRing(keys),
    assets,
    ledger,
    acceptLocal: isLocal,
    behindProxy: options.behindProxy,
    scrub: options.scrub,
    report,
    ...(forwarder === undefined ? {} : { forwarder }),
    ...(options.readToken === undefined ? {} : { readToken: options.readToken }),
  });
  const server = await serveCollector({ collector, port: options.port, host: options.host }).catch(async (error) => {
    await forwarder?.close();
    await store.close();
    throw error;
  });

  const expire = async () => {
    const { traces, spans, logs } = await store.expire(Date.now());
    if (spans + logs > 0) ledger.expire(spans + logs);
    if (traces > 0) collector.storeChanged();
  };
  const expireTimer = setInterval(() => {
    expire().catch((error) => report(`deleting old traces failed: ${String(error)}`));
  }, EXPIRE_INTERVAL_MS);

  const ledgerTimer = setInterval(saveLedger, SAVE_LEDGER_INTERVAL_MS);

  let isStopping = false;
  const stop = async () => {
    // A second signal is from somebody who does not want to wait.
    if (isStopping) process.exit(1);
    isStopping = true;
    clearInterval(expireTimer);
    clearInterval(ledgerTimer);
    await server.close();
    await forwarder?.close();
    saveLedger();
    await store.close();
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      stop().catch((error) => {
        report(`stopping failed: ${String(error)}`);
        process.exit(1);
      });
    });

  const { url } = server;
  // 0.0.0.0 is where we listen and nothing a page could load from.
  const shownUrl = url.replace(/\/\/(0\.0\.0\.0|\[::\])(?=:)/, `//${hostname()}`);
  const hasReadToken = options.readToken !== undefined;
  const shown = { url: shownUrl, keys, keysPath: loaded.path, data: directory, isLocal, hasReadToken };
  console.log(formatBanner({ ...shown, script: assets('throughline.js') }));
  console.log(`Throughline is listening on ${url}`);
}

// package.json stands one level above this file both in the sources and in the published package.
function readVersion(): string {
  return JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version;
}

/** What went wrong in one sentence that says what to do; `undefined` for what is a fault of ours. */
function explain(error: unknown, options: CliOptions): string | undefined {
  if (error instanceof StoreOpenError || error instanceof InvalidKeysError) return error.message;
  const { code, path } = error as NodeJS.ErrnoException;
  const at = path ?? options.data;
  if (code === 'EADDRINUSE')
    return `Port ${options.port} is taken: stop what listens there, or choose another with --port (0 picks a free one).`;
  if (code === 'EADDRNOTAVAIL') return `This machine has no address ${options.host}: choose another with --host.`;
  if (code === 'EACCES' && path === undefined)
    return `Listening on ${options.host}:${options.port} is not permitted: ports below 1024 need more rights.`;
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return `${at} may not be read or written by this user: choose another directory with --data.`;
  if (code === 'ENOENT') return `${at} cannot be made there: choose another directory with --data.`;
  if (code === 'ENOTDIR' || code === 'EEXIST') return `${at} is a file: choose a directory with --data.`;
  if (code === 'ENOSPC') return `There is no space left for ${at}.`;
  return undefined;
}

let options: ReturnType<typeof parseOptions> | undefined;
try {
  const exitCode = await runStoreVerb(process.argv.slice(2));
  if (exitCode !== undefined) {
    // A pipe takes what was printed only when its reader does; exiting before would cut off the end of an export.
    await new Promise((written) => process.stdout.write('', written));
    process.exit(exitCode);
  }
  options = parseOptions(process.argv.slice(2), process.env);
  if (options === 'help') console.log(`${USAGE}\n\n${STORE_USAGE}`);
  else if (options === 'version') console.log(readVersion());
  else await run(options);
} catch (error) {
  if (error instanceof UsageError) console.error(`${error.message}\n\n${USAGE}`);
  else report((typeof options === 'object' && explain(error, options)) || String((error as Error).stack ?? error));
  process.exit(1);
}
