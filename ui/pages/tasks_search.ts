/** The search box of the tasks list: its text, what could be typed next, and the parts as chips. */

import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { valueOf } from "../components/field.ts";
import { Icon } from "../components/icons.ts";
import {
  complete,
  type Completion,
  type KnownValues,
  parseQuery,
  termText,
  withoutTerm,
} from "../query.ts";
import { route, setQuery } from "../route.ts";
import { useShortcut } from "../shortcuts.ts";
import { useTaskTypes } from "../state/task_types.ts";
import { useTopic } from "../state/topics.ts";

/** Milliseconds after the last key until the search begins. */
const PAUSE_MS = 250;

export function Search({ problem }: { problem: string }) {
  const id = useId();
  const asked = route.value.query.get("q") ?? "";
  const text = useSignal(asked);
  const hasFocus = useSignal(false);
  const caret = useSignal(0);
  const chosen = useSignal(-1);
  const known = useSignal<KnownValues>({});
  // Of what the box holds now, not of what was last drawn: keys may come faster.
  const completion = useComputed(() => complete(text.value, caret.value, known.value));
  const input = useRef<HTMLInputElement>(null);
  const sought = useRef(asked);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useShortcut("/", "Search the tasks", () => input.current?.select());
  // The address changes by links and by going back, too. What the box put there itself says nothing
  // of what has been typed since.
  useEffect(() => {
    if (asked !== sought.current) text.value = sought.current = asked;
  }, [asked]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const search = (pause: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      sought.current = text.peek().trim();
      setQuery({ q: sought.current });
    }, pause);
  };
  const place = () => caret.value = input.current?.selectionStart ?? 0;
  const changed = (next: string) => {
    text.value = next;
    chosen.value = -1;
    place();
    search(PAUSE_MS);
  };
  const take = (choice: string) => {
    const box = input.current;
    if (!box) return;
    const { from, to } = completion.value;
    const at = from + choice.length;
    box.value = text.value.slice(0, from) + choice + text.value.slice(to).trimStart();
    box.setSelectionRange(at, at); // before the next key comes
    box.focus();
    changed(box.value);
  };
  const choices = useComputed(() => hasFocus.value ? completion.value.choices : []);
  const isOpen = choices.value.length > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    const { length } = choices.value;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && length > 0) {
      event.preventDefault();
      chosen.value = (Math.max(-1, chosen.value + step) + length) % length;
    } else if (event.key === "Tab" && length > 0 && text.value !== "" && !event.shiftKey) {
      event.preventDefault();
      take(choices.value[Math.max(0, chosen.value)]?.text ?? "");
    } else if (event.key === "Enter") {
      const choice = choices.value[chosen.value];
      if (choice) take(choice.text);
      else search(0);
    } else if (event.key === "Escape") {
      if (chosen.value >= 0) chosen.value = -1;
      else input.current?.blur();
    }
  };
  return html`
    <div class="search" role="search">
      <${Icon} name="search" />
      <input
        ref=${input}
        type="text"
        role="combobox"
        aria-label="Search tasks"
        aria-expanded=${`${isOpen}`}
        aria-controls=${id}
        aria-autocomplete="list"
        aria-activedescendant=${isOpen && chosen.value >= 0 ? `${id}-${chosen.value}` : undefined}
        aria-invalid=${problem ? "true" : undefined}
        aria-describedby=${`${id}-problem`}
        placeholder="Search: words, or queue:default error:timeout since:1h"
        spellcheck=${false}
        autocomplete="off"
        maxlength="1000"
        value=${text}
        onInput=${(event: Event) => changed(valueOf(event))}
        onKeyUp=${place}
        onClick=${place}
        onFocus=${() => hasFocus.value = true}
        onBlur=${() => hasFocus.value = false}
        onKeyDown=${onKeyDown}
      />
      ${!text.value && html`<kbd aria-hidden="true">/</kbd>`}
      ${hasFocus.value && html`
        <${Choices} id=${id} choices=${choices} chosen=${chosen} known=${known}
          take=${take} />
      `}
      <p class="error" id=${`${id}-problem`} role="alert">${problem}</p>
    </div>
  `;
}

interface ChoicesProps {
  id: string;
  choices: ReadonlySignal<Completion["choices"]>;
  chosen: Signal<number>;
  known: Signal<KnownValues>;
  take(choice: string): void;
}

/** What could be typed next; finds out the names while somebody types. */
function Choices({ id, choices, chosen, known, take }: ChoicesProps) {
  const types = useTaskTypes();
  const queues = useTopic("queues");
  const workers = useTopic("workers");
  const schedules = useTopic("schedules");
  const names = (all: { name: string }[] | null) => all?.map(({ name }) => name) ?? [];
  const found: KnownValues = {
    name: names(types),
    queue: names(queues),
    worker: names(workers),
    schedule: names(schedules),
  };
  useEffect(() => {
    known.value = found;
  }, [JSON.stringify(found)]);
  return html`
    <ul class="menu choices" id=${id} role="listbox" aria-label="What could come next"
      hidden=${choices.value.length === 0}>
      ${choices.value.map((choice, index) =>
        html`
          <li
            key=${choice.text}
            id=${`${id}-${index}`}
            role="option"
            aria-selected=${`${index === chosen.value}`}
            onPointerDown=${(event: Event) => event.preventDefault()}
            onClick=${() => take(choice.text)}
          >
            <code>${choice.text}</code><span class="muted">${choice.hint}</span>
          </li>
        `
      )}
    </ul>
  `;
}

/** What the search is made of, each part with a button that takes it out. */
export function Chips() {
  const q = useComputed(() => route.value.query.get("q") ?? "");
  const { terms } = parseQuery(q.value, 0);
  const shown = terms.filter(({ value }) => value !== "");
  if (shown.length === 0) return null;
  return html`
    <ul class="chips" aria-label="Parts of the search">
      ${shown.map((term) => {
        const text = termText(term.key, term.value);
        const key = term.key === null ? "" : `${term.key}:`;
        return html`
          <li key=${term.from}>
            <button
              type="button"
              class="chip"
              aria-label=${`Take ${text} out of the search`}
              onClick=${() => setQuery({ q: withoutTerm(q.value, term) })}
            >
              <span><span class="muted">${key}</span>${text.slice(key.length)}</span>
              <${Icon} name="close" />
            </button>
          </li>
        `;
      })}
    </ul>
  `;
}
