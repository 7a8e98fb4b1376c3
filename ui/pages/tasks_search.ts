/** The search box of the tasks list: its text, what could be typed next, and the parts as chips. */

import { type Signal, useComputed, useSignal } from "@preact/signals";
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
  const choices = useSignal<Completion>({ from: 0, to: 0, choices: [] });
  const input = useRef<HTMLInputElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  useShortcut("/", "Search the tasks", () => input.current?.select());
  // The address changes by links and by going back, too.
  useEffect(() => {
    if (asked !== text.peek().trim()) text.value = asked;
  }, [asked]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const search = (pause: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setQuery({ q: text.peek().trim() }), pause);
  };
  const place = () => caret.value = input.current?.selectionStart ?? 0;
  const set = (next: string, at: number) => {
    text.value = next;
    chosen.value = -1;
    search(PAUSE_MS);
    requestAnimationFrame(() => {
      input.current?.setSelectionRange(at, at);
      place();
    });
  };
  const take = (index: number) => {
    const { from, to } = choices.value;
    const choice = choices.value.choices[index]?.text;
    if (choice === undefined) return;
    const rest = text.value.slice(to);
    set(text.value.slice(0, from) + choice + rest.trimStart(), from + choice.length);
    input.current?.focus();
  };
  const isOpen = hasFocus.value && choices.value.choices.length > 0;
  const onKeyDown = (event: KeyboardEvent) => {
    const { length } = choices.value.choices;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && isOpen) {
      event.preventDefault();
      chosen.value = (Math.max(-1, chosen.value + step) + length) % length;
    } else if (event.key === "Tab" && isOpen && text.value !== "" && !event.shiftKey) {
      event.preventDefault();
      take(Math.max(0, chosen.value));
    } else if (event.key === "Enter") {
      if (isOpen && chosen.value >= 0) take(chosen.value);
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
        onInput=${(event: Event) => {
          text.value = valueOf(event);
          chosen.value = -1;
          place();
          search(PAUSE_MS);
        }}
        onKeyUp=${place}
        onClick=${place}
        onFocus=${() => hasFocus.value = true}
        onBlur=${() => hasFocus.value = false}
        onKeyDown=${onKeyDown}
      />
      ${!text.value && html`<kbd aria-hidden="true">/</kbd>`}
      ${hasFocus.value && html`
        <${Choices} id=${id} text=${text} caret=${caret} chosen=${chosen}
          choices=${choices}
          take=${take} />
      `}
      <p class="error" id=${`${id}-problem`} role="alert">${problem}</p>
    </div>
  `;
}

interface ChoicesProps {
  id: string;
  text: Signal<string>;
  caret: Signal<number>;
  chosen: Signal<number>;
  choices: Signal<Completion>;
  take(index: number): void;
}

/** What could be typed next; knows the names while somebody types. */
function Choices({ id, text, caret, chosen, choices, take }: ChoicesProps) {
  const types = useTaskTypes();
  const queues = useTopic("queues");
  const workers = useTopic("workers");
  const schedules = useTopic("schedules");
  const names = (all: { name: string }[] | null) => all?.map(({ name }) => name) ?? [];
  const known: KnownValues = {
    name: names(types),
    queue: names(queues),
    worker: names(workers),
    schedule: names(schedules),
  };
  const found = complete(text.value, caret.value, known);
  useEffect(() => {
    choices.value = found;
  }, [JSON.stringify(found)]);
  useEffect(() => () => {
    choices.value = { ...choices.peek(), choices: [] };
  }, []);
  return html`
    <ul class="menu choices" id=${id} role="listbox" aria-label="What could come next"
      hidden=${found.choices.length === 0}>
      ${found.choices.map((choice, index) =>
        html`
          <li
            key=${choice.text}
            id=${`${id}-${index}`}
            role="option"
            aria-selected=${`${index === chosen.value}`}
            onPointerDown=${(event: Event) => event.preventDefault()}
            onClick=${() => take(index)}
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
