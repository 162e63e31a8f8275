import type { RefObject } from 'preact';
import { useState } from 'preact/hooks';
import { formatAttribute, type ListFilter, parseAttributeInput } from '../../model/trace-filter-url.ts';
import type { FilterChanges, FilterChoices } from './filter-bar.tsx';
import { TypedField } from './typed-field.tsx';

const DEVICES = ['desktop', 'mobile'];

interface MoreFiltersProps {
  filter: ListFilter;
  choices: FilterChoices;
  isOpen: boolean;
  open: () => void;
  change: (changes: FilterChanges) => void;
  attributeField: RefObject<HTMLInputElement | null>;
}

/** What is asked less often: who it happened to, and any attribute of any span. */
export function MoreFilters({ filter, choices, isOpen, open, change, attributeField }: MoreFiltersProps) {
  return (
    // Found by the key that leads into it even while it is closed.
    <div id="more-filters" class={isOpen ? 'filters-more' : 'filters-more closed'} onFocusCapture={open}>
      <AttributeField
        inputRef={attributeField}
        commit={(text) => {
          const condition = parseAttributeInput(text);
          const attributes = filter.attributes ?? [];
          const isKnown = attributes.some((one) => formatAttribute(one) === (condition && formatAttribute(condition)));
          if (condition && !isKnown) change({ attributes: [...attributes, condition] });
        }}
      />
      <TypedField
        label="Browser"
        value={filter.browser ?? ''}
        placeholder="any"
        hint="A browser, or one version of it: Safari, Safari 18"
        choices={choices.browsers}
        commit={(browser) => change({ browser })}
      />
      <label class="field">
        <span>Device</span>
        <select
          value={filter.device ?? ''}
          onChange={(event) => change({ device: event.currentTarget.value || undefined })}
        >
          <option value="">any</option>
          {DEVICES.map((device) => (
            <option key={device} value={device}>
              {device}
            </option>
          ))}
        </select>
      </label>
      <TypedField
        label="Country"
        look="short"
        value={filter.country ?? ''}
        placeholder="any"
        hint="Two letters: CH, DE, US"
        check={(text) => /^([a-z]{2})?$/i.test(text)}
        choices={choices.countries}
        commit={(country) => change({ country: country.toUpperCase() })}
      />
      <TypedField
        label="Release"
        value={filter.release ?? ''}
        placeholder="any"
        choices={choices.releases}
        commit={(release) => change({ release })}
      />
    </div>
  );
}

/** Takes one condition at a time, on Enter: half a key is a condition already, and would be asked for at every pause. */
function AttributeField({
  commit,
  inputRef,
}: {
  commit: (text: string) => void;
  inputRef: MoreFiltersProps['attributeField'];
}) {
  const [draft, setDraft] = useState('');
  const [isTold, setTold] = useState(false);
  const isBad = draft.trim() !== '' && parseAttributeInput(draft) === undefined;
  return (
    <div class="attribute-field">
      <label class="field">
        <span>Attribute</span>
        <input
          ref={inputRef}
          type="text"
          spellcheck={false}
          autocomplete="off"
          placeholder="http.route=/cart"
          value={draft}
          aria-invalid={isBad}
          aria-describedby="attribute-help"
          onInput={(event) => {
            setDraft(event.currentTarget.value);
            setTold(false);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') event.currentTarget.blur();
            if (event.key !== 'Enter' || draft.trim() === '') return;
            setTold(isBad);
            if (isBad) return;
            commit(draft);
            setDraft('');
          }}
        />
        <kbd>a</kbd>
      </label>
      <p id="attribute-help" class={isTold ? 'field-help bad' : 'field-help'} role={isTold ? 'alert' : undefined}>
        {isTold
          ? 'A key has no spaces: write key=value, or a key alone for any value.'
          : 'key=value or a key alone, then Enter; several must hold of one span or event.'}
      </p>
    </div>
  );
}
