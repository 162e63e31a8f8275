import { useEffect, useRef } from 'preact/hooks';

const KEYS: ReadonlyArray<readonly [string, ReadonlyArray<readonly [string, string]>]> = [
  [
    'Everywhere',
    [
      ['?', 'This help'],
      ['p', 'Pause or resume live update'],
      ['/', 'Filter the list, search the trace'],
      ['Esc', 'Leave a field, close what is open'],
    ],
  ],
  [
    'List',
    [
      ['j ↓ k ↑', 'Next, previous trace'],
      ['Enter', 'Open the trace'],
      ['n', 'Show new traces'],
      ['a', 'Filter by an attribute'],
    ],
  ],
  [
    'Trace',
    [
      ['j ↓ k ↑', 'Next, previous span'],
      ['→ ←', 'Open or go in; close or go out'],
      ['*', 'Open or close the span and its siblings'],
      ['Home End', 'First, last span'],
      ['Enter', 'To the details and, with Esc, back'],
      ['e E', 'Next, previous error'],
      ['n N', 'Next, previous search result'],
      ['c', 'Critical path'],
      ['+ − 0', 'Zoom in, out, all'],
      ['z', 'Zoom to the span'],
      ['[ ]', 'Move the window'],
      ['u', 'Back to the list'],
    ],
  ],
];

/** What the keyboard can do. A modal dialog of the platform: focus stays inside, Escape closes. */
export function HelpDialog({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => dialog.current?.showModal(), []);
  return (
    <dialog ref={dialog} class="help" aria-labelledby="help-title" onClose={close}>
      <h2 id="help-title">Keyboard</h2>
      <div class="help-groups">
        {KEYS.map(([title, keys]) => (
          <section key={title}>
            <h3>{title}</h3>
            <dl>
              {keys.map(([key, what]) => (
                <div key={key}>
                  <dt>
                    {key.split(' ').map((one) => (
                      <kbd key={one}>{one}</kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <form method="dialog">
        <button type="submit" class="button">
          Close
        </button>
      </form>
    </dialog>
  );
}
