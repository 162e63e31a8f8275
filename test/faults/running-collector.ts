import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { AgentTotals } from '../../edge/collector/ledger/loss-ledger.ts';
import type { OtlpPayload } from '../../src/wire/otlp.ts';
import type { MadeRecord } from './ground-truth.ts';

export const PAGE_KEY = 'pk_faults_of_every_kind';

/** The collector as shipped, in a process of its own. */
export interface RunningCollector {
  url: string;
  child: ChildProcess;
  /** How often each record of the traces of `made` is stored, by its id. */
  stored(made: readonly MadeRecord[]): Promise<Map<string, number>>;
  /** What the agents of all pages say became of what they made, as its API tells. */
  agents(): Promise<AgentTotals>;
  /** Ends it and waits until it has ended. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

export interface CollectorOptions {
  data: string;
  port?: number;
  /** More of its command line. */
  args?: readonly string[];
  /** What it says on standard error. */
  onReport?: (line: string) => void;
}

const READY = /^Throughline is listening on (\S+)/;

/** Starts `dist/cli.js` and waits until it listens. */
export async function startCollector({
  data,
  port = 0,
  args: more = [],
  onReport,
}: CollectorOptions): Promise<RunningCollector> {
  const args = ['dist/cli.js', '--port', String(port), '--data', data, '--key', PAGE_KEY, ...more];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  createInterface({ input: child.stderr }).on('line', (line) => onReport?.(line));
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const [, listening] = READY.exec(line) ?? [];
      if (listening) resolve(listening);
    });
    child.once('exit', (code) => reject(new Error(`The collector ended with ${code} before it listened.`)));
  });
  return {
    url,
    child,
    async stored(made) {
      const counts = new Map<string, number>();
      const count = (id: string | undefined) => id && counts.set(id, (counts.get(id) ?? 0) + 1);
      for (const traceId of new Set(made.map((record) => record.traceId))) {
        const response = await fetch(`${url}/api/traces/${traceId}?format=otlp`);
        if (response.status === 404) continue;
        if (!response.ok) throw new Error(`GET /api/traces/${traceId}: ${response.status} ${await response.text()}`);
        const { resourceSpans = [], resourceLogs = [] } = (await response.json()) as OtlpPayload;
        for (const { scopeSpans = [] } of resourceSpans)
          for (const { spans = [] } of scopeSpans) for (const { spanId } of spans) count(spanId);
        for (const { scopeLogs = [] } of resourceLogs)
          for (const { logRecords = [] } of scopeLogs)
            for (const { attributes = [] } of logRecords)
              count(attributes.find(({ key }) => key === 'exception.message')?.value?.stringValue);
      }
      return counts;
    },
    async agents() {
      const response = await fetch(`${url}/api/ledger`);
      return ((await response.json()) as { agents: AgentTotals }).agents;
    },
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill(signal);
      const [code] = await ended;
      return code as number | null;
    },
  };
}
