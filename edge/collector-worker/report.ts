/** Faults go to the Worker's log, where its operator looks. */
export function report(message: string): void {
  console.error(`throughline: ${message}`);
}
