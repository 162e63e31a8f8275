import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { decodeJson } from '../otlp/decode-json.ts';
import { encodeJson } from '../otlp/encode-json.ts';
import { backupStore } from '../store/sqlite/backup-store.ts';
import { checkStore } from '../store/sqlite/check-store.ts';
import { exportStore } from '../store/sqlite/export-store.ts';
import { openSqliteStore } from '../store/sqlite/open-sqlite-store.ts';
import { StoreOpenError } from '../store/sqlite/store-file.ts';
import type { TraceStore } from '../store/trace-store.ts';
import { UsageError } from './parse-options.ts';

export const STORE_USAGE = `       throughline backup <new directory>   copy the store, also while it is in use
       throughline check                     read every byte and compare it with what is counted
       throughline export                    OTLP/JSON lines on standard output, also while it is in use
       throughline import [file]             store OTLP/JSON lines of a file or of standard input; not while it is in use
       (each with --data <directory>)`;

type Verb = (directory: string, argument: string | undefined) => Promise<number>;

const VERBS: Record<string, Verb> = { backup, check, export: exportLines, import: importLines };

const report = (message: string): void => console.error(`throughline: ${message}`);

/**
 * Runs `throughline <verb>`; answers the exit code, or `undefined` when the first argument is none of these verbs.
 * @throws {UsageError} for arguments that are none
 */
export async function runStoreVerb(args: readonly string[]): Promise<number | undefined> {
  const [name = ''] = args;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) return undefined;
  const { values, positionals } = parse(args.slice(1));
  if (positionals.length > 1)
    throw new UsageError(`throughline ${name} takes one argument, not ${positionals.length}.`);
  try {
    return await verb(resolve(values.data ?? './throughline-data'), positionals[0]);
  } catch (error) {
    if (!(error instanceof StoreOpenError)) throw error;
    report(error.message);
    return 1;
  }
}

function parse(args: readonly string[]): { values: { data?: string }; positionals: string[] } {
  try {
    return parseArgs({ args: [...args], options: { data: { type: 'string' } }, allowPositionals: true });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function backup(directory: string, to: string | undefined): Promise<number> {
  if (to === undefined) throw new UsageError('throughline backup needs a directory to copy to.');
  const { parts, bytes } = await backupStore(directory, resolve(to));
  console.log(`Copied ${parts} parts and the journal, ${(bytes / 1e6).toFixed(1)} MB, to ${resolve(to)}.`);
  return 0;
}

async function check(directory: string): Promise<number> {
  const { parts, traces, spans, problems } = await checkStore(directory);
  for (const problem of problems) report(problem);
  console.log(`${parts} parts with ${traces} traces and ${spans} spans: ${problems.length || 'no'} problems.`);
  return problems.length === 0 ? 0 : 1;
}

async function exportLines(directory: string): Promise<number> {
  await exportStore(
    directory,
    async ({ trust, receivedAtMs, spans, logs }) => {
      // What OTLP does not know, its readers ignore.
      const line = JSON.stringify({ ...encodeJson({ spans, logs }), trust, receivedAtMs });
      if (process.stdout.write(`${line}\n`)) return;
      await new Promise((drained) => process.stdout.once('drain', drained));
    },
    report,
  );
  return 0;
}

async function importLines(directory: string, file: string | undefined): Promise<number> {
  const input = file === undefined ? process.stdin : createReadStream(resolve(file));
  const failed = new Promise<never>((_, reject) => input.once('error', reject));
  const store = await openSqliteStore({ directory, report });
  try {
    return await Promise.race([importInto(store, input), failed]);
  } finally {
    await store.close();
  }
}

async function importInto(store: TraceStore, input: NodeJS.ReadableStream): Promise<number> {
  let stored = 0;
  let duplicates = 0;
  let refused = 0;
  let lineNumber = 0;
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    lineNumber += 1;
    if (line.trim() === '') continue;
    try {
      const { trust, receivedAtMs } = JSON.parse(line);
      const { spans, logs, rejectedSpans, rejectedLogs } = decodeJson(line);
      const result = await store.append({
        // Lines of other tools say neither; who may write to the store's directory is trusted.
        trust: trust === 'public' ? 'public' : 'trusted',
        receivedAtMs: Number.isFinite(receivedAtMs) && receivedAtMs > 0 ? receivedAtMs : Date.now(),
        keyId: 'import',
        spans,
        logs,
      });
      stored += result.storedSpans;
      duplicates += result.duplicateSpans;
      refused += rejectedSpans + rejectedLogs + result.conflictingSpans;
    } catch (error) {
      report(`Line ${lineNumber} was left out: ${(error as Error).message}`);
      refused += 1;
    }
  }
  console.log(`Stored ${stored} spans; ${duplicates} were there already, ${refused} were refused.`);
  return refused === 0 ? 0 : 1;
}
