import type { AttributeMap } from '../../src/wire/otlp.ts';

/** What differs between the platforms the tracer runs on. One file each, and a line in `detect.ts`. */
export interface Runtime {
  /** Resource attributes that name the platform. */
  readonly resource: AttributeMap;
  /** False where clocks stand still while code computes, so that a span without I/O has no measurable duration. */
  readonly measuresComputation: boolean;
  /** Whether a stream made in JavaScript shows itself by giving no BYOB reader, and all other bodies give one. */
  readonly showsStreams: boolean;
  /** The settings a function of `env` gets, from what the framework calls its environment. */
  env(bindings: unknown): unknown;
  /** Attributes of the server span that only this platform knows. */
  requestAttributes(request: Request): AttributeMap;
  /** The peer's address as the platform saw it, never as a header says that anyone can send. */
  clientAddress?(request: Request, bindings: unknown): string | null | undefined;
  /** Resolves when the response has been handed to the network, where the platform tells. */
  responseSent?(bindings: unknown): Promise<void> | undefined;
}
