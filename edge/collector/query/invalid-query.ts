/** A query that cannot be answered; the message says which part of it and what it must be. HTTP 400. */
export class InvalidQueryError extends Error {
  override readonly name = 'InvalidQueryError';
}
