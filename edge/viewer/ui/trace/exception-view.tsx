import { useState } from 'preact/hooks';
import {
  ATTR_EXCEPTION_COUNT,
  ATTR_EXCEPTION_ESCAPED,
  ATTR_EXCEPTION_MESSAGE,
  ATTR_EXCEPTION_STACKTRACE,
  ATTR_EXCEPTION_TYPE,
} from '../../../../src/wire/names.ts';
import type { EventView, ViewAttributes } from '../../../trace/trace-view.ts';
import { formatDuration } from '../../model/format.ts';
import { safeLink } from '../../model/safe-link.ts';
import { parseStack, type StackFrame } from '../../model/stack-trace.ts';
import { visibleLine, visibleText } from '../../model/visible-text.ts';
import { Icon } from '../icons.tsx';

/** An exception with its stack as frames; the text as it was sent is one click away. */
export function ExceptionView({ event, startMs }: { event: EventView; startMs: number }) {
  const [isRaw, setRaw] = useState(false);
  const type = text(event.attributes, ATTR_EXCEPTION_TYPE) || 'Exception';
  const stack = text(event.attributes, ATTR_EXCEPTION_STACKTRACE);
  const frames = parseStack(stack);
  const count = Number(event.attributes[ATTR_EXCEPTION_COUNT] ?? 1);
  return (
    <section class="exception-card">
      <h3>
        <Icon name="close" />
        {visibleLine(type)}
        {count > 1 ? <span class="tag">× {count}</span> : null}
        {event.attributes[ATTR_EXCEPTION_ESCAPED] === true ? <span class="tag">uncaught</span> : null}
        <span class="muted number"> +{formatDuration(event.timeMs - startMs)}</span>
      </h3>
      <p class="exception-message">{visibleText(text(event.attributes, ATTR_EXCEPTION_MESSAGE))}</p>
      {frames.length > 0 && !isRaw ? (
        <ol class="frames">
          {frames.map((frame, index) => (
            <li key={index} class={frame.foreign ? 'frame foreign' : 'frame'}>
              <FrameText frame={frame} />
            </li>
          ))}
        </ol>
      ) : stack ? (
        <pre class="stack">{visibleText(stack)}</pre>
      ) : (
        <p class="muted">It came without a stack.</p>
      )}
      {frames.length > 0 ? (
        <button type="button" class="button quiet" onClick={() => setRaw(!isRaw)}>
          {isRaw ? 'Show frames' : 'Show as sent'}
        </button>
      ) : null}
    </section>
  );
}

function FrameText({ frame }: { frame: StackFrame }) {
  if (frame.file === '') return <code>{visibleLine(frame.text)}</code>;
  const position = frame.line === 0 ? '' : `:${frame.line}${frame.column === 0 ? '' : `:${frame.column}`}`;
  const shown = visibleLine(frame.file) + position;
  const link = safeLink(frame.file);
  return (
    <>
      <span class="frame-function">{visibleLine(frame.functionName) || '(anonymous)'}</span>{' '}
      {link === undefined ? (
        <span class="frame-file">{shown}</span>
      ) : (
        <a class="frame-file" href={link} target="_blank" rel="noopener noreferrer nofollow">
          {shown}
        </a>
      )}
    </>
  );
}

function text(attributes: ViewAttributes, key: string): string {
  const value = attributes[key];
  return typeof value === 'string' ? value : value === undefined || value === null ? '' : JSON.stringify(value);
}
