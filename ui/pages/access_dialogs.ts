/** What is asked for when a user or a token is added or changed. */

import { type Signal, useSignal } from "@preact/signals";
import { html } from "htm/preact";
import type { ComponentChildren } from "preact";
import { type Role, ROLES, type User } from "../../jobs/wire.ts";
import { ApiError } from "../api.ts";
import { addToken, addUser, changeUser } from "../api/access.ts";
import { Button } from "../components/button.ts";
import { CopyButton } from "../components/copy_button.ts";
import { Dialog } from "../components/dialog.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { toast } from "../notices.ts";

/** What each role may do, for who gives it. */
const ROLE_WORDS: { [R in Role]: string } = {
  viewer: "sees everything",
  operator: "also changes tasks, queues, workers and schedules",
  admin: "also users and tokens",
};

export function AddUser({ onClose }: { onClose: () => void }) {
  const name = useSignal("");
  const password = useSignal("");
  const role = useSignal<Role>("viewer");
  const send = async () => {
    await addUser({ name: name.value, password: password.value, role: role.value });
    toast({ kind: "good", text: `${name.value} may log in as ${role.value}.` });
  };
  return html`
    <${Asking} title="Add user" action="Add user" send=${send} onClose=${onClose}
      fields=${[
        { id: "name", label: "Name", value: name, autocomplete: "off" },
        {
          id: "password",
          label: "Password",
          value: password,
          type: "password",
          autocomplete: "new-password",
        },
      ]}>
      <${RoleChoice} role=${role} />
      <//>
  `;
}

export function ChangeRole({ user, onClose }: { user: User; onClose: () => void }) {
  const role = useSignal<Role>(user.role);
  const send = async () => {
    await changeUser(user.name, { role: role.value });
    toast({
      kind: "good",
      text: `${user.name} is ${role.value} now.`,
      undo: async () => void await changeUser(user.name, { role: user.role }).then(onClose),
    });
  };
  return html`
    <${Asking} title=${`Role of ${user.name}`} action="Change role" send=${send} onClose=${onClose}
      fields=${[]}>
      <${RoleChoice} role=${role} />
      <//>
  `;
}

export function ChangePassword({ user, onClose }: { user: User; onClose: () => void }) {
  const password = useSignal("");
  const send = async () => {
    await changeUser(user.name, { password: password.value });
    toast({ kind: "good", text: `${user.name} has a new password, and is logged out everywhere.` });
  };
  return html`
    <${Asking} title=${`New password for ${user.name}`} action="Set password" send=${send} onClose=${onClose}
      fields=${[
        {
          id: "password",
          label: "Password",
          value: password,
          type: "password",
          autocomplete: "new-password",
        },
      ]} />
  `;
}

export function AddToken({ onClose }: { onClose: () => void }) {
  const name = useSignal("");
  const role = useSignal<Role>("operator");
  const secret = useSignal<string | null>(null);
  if (secret.value !== null) {
    return html`
      <${Dialog} title=${`Token ${name}`} onClose=${onClose} onSubmit=${onClose}
        actions=${html`<${Button} kind="primary" type="submit">Done<//>`}>
        <p>Copy it now: it is not shown again.</p>
        <div class="secret">
          <code>${secret}</code><${CopyButton} text=${secret.value} label="Copy the token" />
        </div>
        <p class="hint">A program sends it as <code>Authorization: Bearer tap_…</code></p>
        <//>
    `;
  }
  const send = async () => {
    secret.value = (await addToken({ name: name.value, role: role.value })).token;
  };
  return html`
    <${Asking} title="Add token" action="Make token" send=${send} onClose=${onClose} stays
      fields=${[
        { id: "name", label: "Name of the program", value: name, autocomplete: "off" },
      ]}>
      <${RoleChoice} role=${role} />
      <//>
  `;
}

function RoleChoice({ role }: { role: Signal<Role> }) {
  return html`
    <fieldset class="roles">
      <legend>Role</legend>
      ${ROLES.map((each) =>
        html`
          <label key=${each}>
            <input
              type="radio"
              name="role"
              checked=${role.value === each}
              onChange=${() => role.value = each}
            />
            <span>${each} <span class="muted">${ROLE_WORDS[each]}</span></span>
          </label>
        `
      )}
    </fieldset>
  `;
}

interface TextField {
  /** As the server's messages name it. */
  id: string;
  label: string;
  value: Signal<string>;
  type?: string;
  autocomplete: string;
}

interface AskingProps {
  title: string;
  action: string;
  fields: TextField[];
  send(): Promise<void>;
  onClose(): void;
  /** Goes on showing something when it was sent. */
  stays?: boolean;
  children?: ComponentChildren;
}

/** A dialog that sends what was filled in, and puts what is wrong at its field. */
function Asking({ title, action, fields, send, onClose, stays, children }: AskingProps) {
  const errors = useSignal<{ [id: string]: string }>({});
  const refusal = useSignal("");
  const busy = useSignal(false);
  const submit = async () => {
    if (busy.value) return;
    busy.value = true;
    errors.value = {};
    refusal.value = "";
    try {
      await send();
      if (!stays) onClose();
    } catch (error) {
      const issues = error instanceof ApiError ? error.issues : [];
      errors.value = Object.fromEntries(issues.map(({ path, message }) => [path, message]));
      const isShown = issues.length > 0 &&
        issues.every(({ path }) => fields.some(({ id }) => id === path));
      if (!isShown) refusal.value = error instanceof Error ? error.message : String(error);
    }
    busy.value = false;
  };
  return html`
    <${Dialog} title=${title} onClose=${onClose} onSubmit=${submit} actions=${html`
      <${Button} onClick=${onClose}>Cancel<//>
      <${Button} kind="primary" type="submit" busy=${busy.value}>${action}<//>
    `}>
      ${fields.map(({ id, label, value, type = "text", autocomplete }) =>
        html`
          <${Labelled} key=${id} id=${`access-${id}`} label=${label} error=${errors.value[id]}>
            <input
              id=${`access-${id}`}
              type=${type}
              autocomplete=${autocomplete}
              spellcheck=${false}
              aria-invalid=${Boolean(errors.value[id])}
              aria-describedby=${errors.value[id] ? `access-${id}-error` : undefined}
              value=${value}
              onInput=${(event: Event) => value.value = valueOf(event)}
            />
            <//>
        `
      )}
      ${children}
      ${refusal.value && html`<p class="error" role="alert">${refusal}</p>`}
    <//>
  `;
}
