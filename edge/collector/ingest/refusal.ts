/**
 * A request that is answered with an error. The sentence goes to whoever set the sender up: constant, saying what to
 * do, and repeating nothing of what was sent.
 */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly status: RefusalStatus;
  /** Seconds, with 429 and 503. */
  readonly retryAfter: number | undefined;

  constructor(status: RefusalStatus, sentence: string, retryAfter?: number) {
    super(sentence);
    this.status = status;
    this.retryAfter = retryAfter;
  }
}

export type RefusalStatus = 400 | 401 | 403 | 405 | 413 | 415 | 429 | 503;
