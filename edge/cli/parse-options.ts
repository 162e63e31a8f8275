import { parseArgs } from 'node:util';
import { parseSize, parseTime } from '../collector/quantities.ts';

export interface CliOptions {
  port: number;
  host: string;
  data: string;
  key?: string;
  secretKey?: string;
  retentionMs: number;
  maxBytes?: number;
  readToken?: string;
  behindProxy: boolean;
  scrub: boolean;
  forward?: string;
  forwardHeaders: Record<string, string>;
}

/** What was typed is not an option or not a value of it; the message says what is. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

export const USAGE = `Usage: throughline [options]

  --port <number>         port to listen on; 0 picks a free one          (4318)
  --host <address>        address to listen on                           (127.0.0.1)
  --data <directory>      where traces and keys are kept                 (./throughline-data)
  --key <pk_…>            use this public key instead of keys.json's
  --secret-key <sk_…>     use this secret key instead of keys.json's
  --retention <time>      delete what is older: 12h, 7d, 4w              (7d)
  --max-size <size>       delete the oldest beyond this: 500MB, 20GB     (10GB)
  --read-token <token>    whoever has it may read; without one only this machine may
  --behind-proxy          a proxy in front names the client in X-Forwarded-For
  --no-scrub              keep secrets and personal data that senders put into spans
  --forward <url>         send on what is stored, as OTLP, to another collector
  --forward-header <h>    header for it, such as "Authorization: Bearer …"; may come several times
  --help                  this text
  --version               the version`;

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  data: { type: 'string' },
  key: { type: 'string' },
  'secret-key': { type: 'string' },
  retention: { type: 'string' },
  'max-size': { type: 'string' },
  'read-token': { type: 'string' },
  'behind-proxy': { type: 'boolean' },
  'no-scrub': { type: 'boolean' },
  forward: { type: 'string' },
  'forward-header': { type: 'string', multiple: true },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const;

const KEY = /^[\w.-]{8,200}$/;

/**
 * The options of the command line, checked; environment variables (`THROUGHLINE_READ_TOKEN` and the like) stand in for
 * secrets nobody wants in a process list.
 * @throws {UsageError}
 */
export function parseOptions(args: string[], env: NodeJS.ProcessEnv): CliOptions | 'help' | 'version' {
  const values = parse(args);
  if (values.help) return 'help';
  if (values.version) return 'version';
  const options: CliOptions = {
    port: parsePort(values.port ?? '4318'),
    host: values.host ?? '127.0.0.1',
    data: values.data ?? './throughline-data',
    retentionMs: checkTime(values.retention ?? '7d'),
    behindProxy: values['behind-proxy'] ?? false,
    scrub: !values['no-scrub'],
    forwardHeaders: parseHeaders(values['forward-header'] ?? []),
  };
  const key = values.key ?? env.THROUGHLINE_KEY;
  const secretKey = values['secret-key'] ?? env.THROUGHLINE_SECRET_KEY;
  const readToken = values['read-token'] ?? env.THROUGHLINE_READ_TOKEN;
  if (values.forward !== undefined) options.forward = parseUrl(values.forward);
  if (key !== undefined) options.key = checkKey('--key', key);
  if (secretKey !== undefined) options.secretKey = checkKey('--secret-key', secretKey);
  if (readToken !== undefined) options.readToken = checkKey('--read-token', readToken);
  if (values['max-size'] !== undefined) options.maxBytes = checkSize(values['max-size']);
  return options;
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false }).values;
  } catch (error) {
    // Node's sentence names the option; what it goes on to say about "--" would only confuse.
    throw new UsageError((error as Error).message.split('. ')[0]?.replace(/\.?$/, '.') ?? 'Bad options.');
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535)
    throw new UsageError(`--port must be a number from 0 to 65535, not "${text}".`);
  return port;
}

function checkTime(text: string): number {
  const ms = parseTime(text);
  if (ms === undefined) throw new UsageError(`--retention must be a time like 12h, 7d or 4w, not "${text}".`);
  return ms;
}

function checkSize(text: string): number {
  const bytes = parseSize(text);
  if (bytes === undefined) throw new UsageError(`--max-size must be a size like 500MB or 20GB, not "${text}".`);
  return bytes;
}

function parseUrl(text: string): string {
  try {
    const { protocol, href } = new URL(text);
    if (protocol === 'http:' || protocol === 'https:') return href;
  } catch {
    // expected: named below
  }
  throw new UsageError(`--forward must be an address like https://collector.example:4318, not "${text}".`);
}

function parseHeaders(lines: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    lines.map((line) => {
      const [, name, value] = /^([\w-]+): *([\x20-\x7e]+)$/.exec(line) ?? [];
      if (!name || !value) throw new UsageError('--forward-header must be like "Authorization: Bearer …".');
      return [name, value];
    }),
  );
}

function checkKey(option: string, value: string): string {
  if (!KEY.test(value)) throw new UsageError(`${option} must be 8-200 letters, digits, ".", "_" or "-".`);
  return value;
}
