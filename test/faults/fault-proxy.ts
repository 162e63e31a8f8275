import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { OtlpLogRecord, OtlpPayload } from '../../src/wire/otlp.ts';
import { durationMs } from '../../src/wire/time.ts';

/** What happens to one request on its way to the collector. */
export type Fault =
  | { kind: 'pass' }
  /** Answered here; the collector never hears of it. */
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string }
  /** Refused with 413 when the body has more bytes than this, after decompression; else passed on. */
  | { kind: 'limit'; maxBytes: number }
  /** Cut before the collector gets it, when `afterBytes` of the body have come (default: all). */
  | { kind: 'reset'; afterBytes?: number }
  /** The collector has it, and the answer is lost. */
  | { kind: 'lose-answer' }
  /** Passed on, and answered so much later. */
  | { kind: 'slow'; ms: number };

export const PASS: Fault = { kind: 'pass' };

/** Decides by the number of the request since `rule` was set. */
export type FaultRule = (index: number) => Fault;

/** Stands between the pages of one cell and the collector, and breaks what it is told to. */
export interface FaultProxy {
  origin: string;
  set(rule: FaultRule): void;
  /** Where it passes things on to. */
  collector: string;
  /** When each batch came, epoch ms. */
  arrivals: number[];
  /** Log records of the batches the collector got: the pages' ledgers are among them. */
  logs: OtlpLogRecord[];
  /** Of every span the collector got, end minus start in ms. */
  durations: number[];
  close(): Promise<void>;
}

export async function startFaultProxy(collector: string): Promise<FaultProxy> {
  const arrivals: number[] = [];
  const logs: OtlpLogRecord[] = [];
  const durations: number[] = [];
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let rule: FaultRule = () => PASS;
  let index = 0;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { socket } = request;
    arrivals.push(Date.now());
    const fault = rule(index++);
    if (fault.kind === 'reset' && fault.afterBytes !== undefined) {
      let received = 0;
      for await (const part of request) {
        received += (part as Buffer).length;
        if (received >= fault.afterBytes) break;
      }
      socket.destroy();
      return;
    }
    const body = await readAll(request);
    if (fault.kind === 'reset') {
      socket.destroy();
      return;
    }
    if (fault.kind === 'limit' && inflate(body).length > fault.maxBytes) {
      response.writeHead(413, { 'access-control-allow-origin': '*' }).end('{"error":"Too large for this test."}');
      return;
    }
    if (fault.kind === 'answer') {
      const cors = { 'access-control-allow-origin': '*', 'access-control-expose-headers': 'Retry-After' };
      response.writeHead(fault.status, { ...cors, ...fault.headers }).end(fault.body ?? '');
      return;
    }
    const answer = await forward(collector, request, body);
    if (answer.status === 200) {
      const payload = parse(body);
      logs.push(...logsOf(payload));
      durations.push(...durationsOf(payload));
    }
    if (fault.kind === 'lose-answer') {
      socket.destroy();
      return;
    }
    if (fault.kind === 'slow') {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, fault.ms);
        timers.add(timer);
      });
    }
    response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  const server = createServer((request, response) => {
    const { socket } = request;
    handle(request, response).catch((error) => {
      // A page that is gone, or a collector that is, cuts the connection: so does the proxy.
      if (!/ECONN|EPIPE|aborted|hang up/.test(String(error))) throw error;
      socket.destroy();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    collector,
    arrivals,
    logs,
    durations,
    set(next) {
      rule = next;
      index = 0;
    },
    close() {
      for (const timer of timers) clearTimeout(timer);
      return new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      });
    },
  };
}

async function readAll(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

function forward(collector: string, { method, url, headers }: IncomingMessage, body: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const upstream = httpRequest(new URL(url ?? '/', collector), { method, headers }, (answer) => {
      readAll(answer).then(
        (answerBody) => resolve({ status: answer.statusCode ?? 502, headers: answer.headers, body: answerBody }),
        reject,
      );
    });
    upstream.on('error', reject);
    upstream.end(body);
  });
}

function inflate(body: Buffer): Buffer {
  return body[0] === 0x1f && body[1] === 0x8b ? gunzipSync(body) : body;
}

function parse(body: Buffer): OtlpPayload {
  return JSON.parse(inflate(body).toString());
}

function logsOf({ resourceLogs = [] }: OtlpPayload): OtlpLogRecord[] {
  return resourceLogs.flatMap(({ scopeLogs }) => (scopeLogs ?? []).flatMap(({ logRecords }) => logRecords ?? []));
}

function durationsOf({ resourceSpans = [] }: OtlpPayload): number[] {
  const spans = resourceSpans.flatMap(({ scopeSpans }) => (scopeSpans ?? []).flatMap(({ spans }) => spans ?? []));
  return spans.map((span) => durationMs(span.startTimeUnixNano, span.endTimeUnixNano));
}
