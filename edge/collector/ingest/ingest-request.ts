import type { RefusalStatus } from './refusal.ts';

/** A request to an ingest route, as a server has it. */
export interface PlainRequest {
  method: string;
  /** A header by its lower-case name. */
  header: (name: string) => string | undefined;
  /** A parameter of the query. */
  query: (name: string) => string | undefined;
  /** The address that connected. */
  peer: string | undefined;
  /**
   * The body as it came.
   * @throws {Refusal} 413 as soon as more than `maxBytes` are announced or arrive; 400 when the sender hangs up.
   */
  readBody: (maxBytes: number) => Promise<Uint8Array>;
}

/** The same with what the collector knows of its surroundings. */
export interface IngestRequest extends Omit<PlainRequest, 'peer'> {
  /** Where it came from, as far as that can be known. */
  address: () => string | undefined;
  /** ISO 3166-1 alpha-2 of where it came from; '' when that is not known. */
  country: () => string;
}

/** What it is answered with. */
export interface IngestReply {
  status: 200 | 500 | RefusalStatus;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

/** Answers requests to one ingest route; rejects only for faults of the collector itself. */
export type IngestHandler = (request: IngestRequest) => Promise<IngestReply>;
