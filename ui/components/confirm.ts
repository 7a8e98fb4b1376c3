/** Questions before what cannot be taken back. */

import { signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { Button } from "./button.ts";
import { Dialog } from "./dialog.ts";
import { Labelled, valueOf } from "./field.ts";

interface Question {
  title: string;
  text: ComponentChildren;
  /** What the button says that goes on. */
  action?: string;
  /** What has to be typed first, such as the name of what will be gone. */
  word?: string;
}

const asked = signal<(Question & { answer(yes: boolean): void }) | null>(null);

/** Asks; answers whether to go on. */
export function confirm(question: Omit<Question, "word">): Promise<boolean> {
  return ask(question);
}

/** Asks for a word to be typed; answers whether to go on. */
export function confirmTyped(question: Question & { word: string }): Promise<boolean> {
  return ask(question);
}

function ask(question: Question): Promise<boolean> {
  asked.peek()?.answer(false);
  return new Promise((resolve) => {
    asked.value = {
      ...question,
      answer(yes) {
        asked.value = null;
        resolve(yes);
      },
    };
  });
}

/** Where the questions appear; drawn once. */
export function Confirm() {
  const question = asked.value;
  return question && html`<${Ask} key=${question.title} question=${question} />`;
}

function Ask({ question }: { question: Question & { answer(yes: boolean): void } }) {
  const typed = useSignal("");
  const { title, text, action = title, word, answer } = question;
  const missing = word !== undefined && typed.value.trim() !== word;
  return html`
    <${Dialog}
      title=${title}
      onClose=${() => answer(false)}
      onSubmit=${() => !missing && answer(true)}
      actions=${html`
        <${Button} onClick=${() => answer(false)}>Cancel<//>
        <${Button}
          kind="danger"
          type="submit"
          disabledReason=${missing ? `Type ${word} first.` : null}
        >${action}<//>
      `}
    >
      <p>${text}</p>
      ${word !== undefined && html`
        <${Labelled} id="confirm-word" label=${html`Type <code>${word}</code> to go on`}>
          <input
            id="confirm-word"
            autocomplete="off"
            spellcheck=${false}
            value=${typed}
            onInput=${(event: Event) => typed.value = valueOf(event)}
          />
          <//>
      `}
    <//>
  `;
}
