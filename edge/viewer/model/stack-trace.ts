/** One line of a stack: where, or the line as it stands when it could not be read. */
export interface StackFrame {
  functionName: string;
  /** As the engine wrote it: a URL, a path, `native`, `<anonymous>`; '' when the line was not understood. */
  file: string;
  line: number;
  column: number;
  /** The whole line, trimmed. */
  text: string;
  /** Libraries, engine internals and extensions: drawn back, since the reader looks for the own code. */
  foreign: boolean;
}

/** More lines are not read: a stack is foreign input, and engines stop at 10 to 100. */
const MAX_FRAMES = 200;
const MAX_LINE_CHARS = 2000;

const FOREIGN = /node_modules|^node:|^native$|^<anonymous>$|^(chrome|moz|safari(-web)?)-extension:/;

/**
 * Frames of a stack as V8 (`at f (file:1:2)`), SpiderMonkey and JavaScriptCore (`f@file:1:2`) write it. Leading lines
 * that are no frames are the message and are left out; what is not understood in between is kept as text.
 */
export function parseStack(stack: string): StackFrame[] {
  const frames: StackFrame[] = [];
  let started = false;
  for (const raw of stack.split('\n', MAX_FRAMES + 50)) {
    const text = raw.slice(0, MAX_LINE_CHARS).trim();
    if (text === '') continue;
    const frame = parseFrame(text);
    if (!frame && !started) continue;
    started = true;
    frames.push(frame ?? { functionName: '', file: '', line: 0, column: 0, text, foreign: false });
    if (frames.length === MAX_FRAMES) break;
  }
  return frames;
}

function parseFrame(text: string): StackFrame | undefined {
  let functionName: string;
  let location: string;
  if (text.startsWith('at ')) {
    const rest = text.slice(3);
    const open = rest.endsWith(')') ? rest.lastIndexOf(' (') : -1;
    functionName = open === -1 ? '' : rest.slice(0, open);
    location = open === -1 ? rest : rest.slice(open + 2, -1);
    if (open === -1 && !/:\d+$/.test(location)) return frame(rest, '', text);
  } else {
    const at = text.lastIndexOf('@');
    if (at === -1 || !/:\d+$/.test(text)) return undefined;
    functionName = text.slice(0, at);
    location = text.slice(at + 1);
  }
  return frame(functionName, location.replace(/^async /, ''), text);
}

function frame(functionName: string, location: string, text: string): StackFrame {
  const match = /^(.*?)(?::(\d{1,9}))?(?::(\d{1,9}))?$/.exec(location);
  const file = match?.[1] ?? location;
  return {
    functionName: functionName.replace(/^async /, ''),
    file,
    line: Number(match?.[2] ?? 0),
    column: Number(match?.[3] ?? 0),
    text,
    foreign: FOREIGN.test(file),
  };
}
