let isCold = true;

/** True once: for the first recorded invocation of this isolate. */
export function takeColdStart(): boolean {
  const was = isCold;
  isCold = false;
  return was;
}
