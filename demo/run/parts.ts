import { type Child, startChild } from './child.ts';
import { portOrFree } from './ports.ts';

export interface Keys {
  /** The page's key, public. */
  page: string;
  /** What worker and backend authenticate with. */
  secret: string;
}

export interface Parts {
  collector: Child;
  backend: Child;
  edge: Child;
  /** Stops all that run, the senders before the collector. */
  stop(): Promise<void>;
}

export interface PartsOptions {
  /** Where traces are kept. */
  dataDirectory: string;
  /** The collector as a Worker in workerd, in place of the one in Node. */
  onCloudflare?: boolean;
  keys: Keys;
  /** Preferred ports; one that is taken, or 0, becomes a free one. */
  ports: { collector: number; shop: number; backend: number };
  onLine?: ((line: string) => void) | undefined;
}

/** Starts collector, backend and worker, in this order; when one fails, the others are stopped and its error thrown. */
export async function startParts(options: PartsOptions): Promise<Parts> {
  const { dataDirectory, onCloudflare = false, keys, ports, onLine } = options;
  const running: Array<{ stop(): Promise<void> }> = [];
  const stop = async () => {
    for (const part of running.splice(0).reverse()) await part.stop();
  };
  const keep = <Part extends { stop(): Promise<void> }>(part: Part): Part => {
    running.push(part);
    return part;
  };
  try {
    const start = onCloudflare ? startCollectorWorker : startCollector;
    const collector = keep(await start({ dataDirectory, keys, port: await portOrFree(ports.collector), onLine }));
    const backend = keep(
      await startBackend({ collector: collector.url, keys, port: await portOrFree(ports.backend), onLine }),
    );
    const edge = keep(
      await startEdge({
        collector: collector.url,
        backend: backend.url,
        keys,
        port: await portOrFree(ports.shop),
        onLine,
      }),
    );
    return { collector, backend, edge, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

type OnLine = ((line: string) => void) | undefined;

interface CollectorOptions {
  dataDirectory: string;
  keys: Keys;
  port: number;
  onLine?: OnLine;
}

/** The collector, as `npx throughline` runs it. */
export function startCollector({ dataDirectory, keys, port, onLine }: CollectorOptions): Promise<Child> {
  const options = ['--port', String(port), '--data', dataDirectory, '--key', keys.page, '--secret-key', keys.secret];
  return startChild({
    name: 'collector',
    args: ['dist/cli.js', ...options],
    env: {},
    ready: /^Throughline is listening on (http:\S+)/,
    onLine: onLine && ((line) => onLine(`collector  ${line}`)),
  });
}

/** The collector's deployed bundle in workerd, with its Durable Objects on disk. */
export function startCollectorWorker({ dataDirectory, keys, port, onLine }: CollectorOptions): Promise<Child> {
  return startChild({
    name: 'collector',
    args: ['demo/run/collector-worker.ts'],
    env: {
      DATA: dataDirectory,
      THROUGHLINE_KEY: keys.page,
      THROUGHLINE_SECRET_KEY: keys.secret,
      // Whoever can open its address is this machine.
      THROUGHLINE_LOCAL: '1',
      PORT: String(port),
    },
    ready: /^Throughline is listening on (http:\S+)/,
    onLine: onLine && ((line) => onLine(`collector  ${line}`)),
  });
}

interface BackendOptions {
  collector: string;
  keys: Keys;
  port: number;
  onLine?: OnLine;
}

/** The shop's backend, with OpenTelemetry loaded before anything else. */
export function startBackend({ collector, keys, port, onLine }: BackendOptions): Promise<Child> {
  return startChild({
    name: 'backend',
    args: ['--import', './demo/backend/telemetry.ts', 'demo/backend/main.ts'],
    env: { COLLECTOR_URL: collector, THROUGHLINE_SECRET_KEY: keys.secret, PORT: String(port) },
    ready: /listening on (http:\S+)/,
    onLine: onLine && ((line) => onLine(`backend    ${line}`)),
  });
}

interface EdgeOptions {
  collector: string;
  backend: string;
  keys: Keys;
  port: number;
  onLine?: OnLine;
}

/** The worker's deployed bundle in workerd. */
export function startEdge({ collector, backend, keys, port, onLine }: EdgeOptions): Promise<Child> {
  return startChild({
    name: 'worker',
    args: ['demo/run/edge.ts'],
    env: {
      BACKEND_URL: backend,
      COLLECTOR_URL: collector,
      THROUGHLINE_KEY: keys.page,
      THROUGHLINE_SECRET_KEY: keys.secret,
      PORT: String(port),
    },
    ready: /listening on (http:\S+)/,
    onLine: onLine && ((line) => onLine(`worker     ${line}`)),
  });
}
