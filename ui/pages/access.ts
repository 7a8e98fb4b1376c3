/** Who may come in: people with passwords, programs with tokens. */

import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect } from "preact/hooks";
import type { ApiToken, User } from "../../jobs/wire.ts";
import { listTokens, listUsers, removeToken, removeUser } from "../api/access.ts";
import { Empty, Loading } from "../components/absence.ts";
import { Tag } from "../components/badge.ts";
import { Button } from "../components/button.ts";
import { confirm } from "../components/confirm.ts";
import { Menu } from "../components/menu.ts";
import { Card, Page } from "../components/page.ts";
import { type Column, Table } from "../components/table.ts";
import { Ago } from "../components/time.ts";
import { may } from "../access.ts";
import { toast } from "../notices.ts";
import { attempt } from "../state/connection.ts";
import { me } from "../state/session.ts";
import { AddToken, AddUser, ChangePassword, ChangeRole } from "./access_dialogs.ts";

type Asked =
  | { what: "user" | "token" }
  | { what: "role" | "password"; user: User }
  | null;

export function AccessPage() {
  const users = useSignal<User[] | null>(null);
  const tokens = useSignal<ApiToken[] | null>(null);
  const asked = useSignal<Asked>(null);
  const load = () =>
    attempt(async () => {
      const [people, programs] = await Promise.all([listUsers(), listTokens()]);
      users.value = people.users;
      tokens.value = programs.tokens;
    });
  useEffect(() => void load(), []);

  if (me.value?.auth === false) {
    return html`
      <${Page} title="Access">
        <${Empty}
          icon="access"
          title="Everyone who reaches this server may do everything"
          hint=${html`Start it with <code>--users-file</code>, and people log in.`}
        />
        <//>
    `;
  }
  const close = () => {
    asked.value = null;
    void load();
  };
  const ask = (next: Asked) => () => {
    asked.value = next;
  };
  return html`
    <${Page} title="Access" subtitle="People log in with a password, programs come with a token.">
      <${Card} flush title="Users" actions=${html`
        <${Button} size="small" icon="add" needs="admin" onClick=${ask({
          what: "user",
        })}>Add user<//>
      `}>
        ${users.value
          ? html`
            <${Table}
              label="Users"
              rows=${users.value}
              rowKey=${({ name }: User) => name}
              columns=${userColumns(ask, load)}
            />
          `
          : html`<${Loading} />`}
      <//>
      <${Card} flush title="API tokens" actions=${html`
        <${Button} size="small" icon="add" needs="admin" onClick=${ask({ what: "token" })}>
          Add token
        <//>
      `}>
        ${tokens.value === null ? html`<${Loading} />` : tokens.value.length > 0
          ? html`
            <${Table}
              label="API tokens"
              rows=${tokens.value}
              rowKey=${({ name }: ApiToken) => name}
              columns=${tokenColumns(load)}
            />
          `
          : html`
            <${Empty}
              title="No tokens yet"
              hint=${html`A program sends one as <code>Authorization: Bearer …</code>.`}
            />
          `}
      <//>
      <${Asking} asked=${asked.value} onClose=${close} />
    <//>
  `;
}

function Asking({ asked, onClose }: { asked: Asked; onClose: () => void }) {
  switch (asked?.what) {
    case "user":
      return html`<${AddUser} onClose=${onClose} />`;
    case "token":
      return html`<${AddToken} onClose=${onClose} />`;
    case "role":
      return html`<${ChangeRole} user=${asked.user} onClose=${onClose} />`;
    case "password":
      return html`<${ChangePassword} user=${asked.user} onClose=${onClose} />`;
    default:
      return null;
  }
}

/** What users and tokens have in common. */
const COMMON: Column<User | ApiToken>[] = [
  {
    label: "Role",
    cell: ({ role }) => html`<${Tag} tone=${role === "admin" ? "accent" : "muted"}>${role}<//>`,
  },
  {
    label: "Kept in",
    cell: ({ source }) => source === "file" ? "the server's file" : "the broker",
  },
  {
    label: "Added",
    cell: ({ created_at }) =>
      created_at ? html`<${Ago} iso=${created_at} />` : html`<span class="muted">–</span>`,
  },
];

function userColumns(ask: (next: Asked) => () => void, load: () => void): Column<User>[] {
  return [
    {
      label: "Name",
      cell: ({ name }) =>
        html`
          <span>
            <strong>${name}</strong>
            ${name === me.value?.user && html`<span class="muted">${" "}you</span>`}
          </span>
        `,
    },
    ...COMMON,
    {
      label: "",
      narrow: true,
      cell: (user) => {
        const reason = notHere(user, "user");
        const self = user.name === me.value?.user ? "Have another admin do it." : null;
        return html`
          <${Menu}
            label=${`Change ${user.name}`}
            items=${[
              {
                label: "Change role…",
                icon: "access",
                disabledReason: reason ?? self,
                run: ask({ what: "role", user }),
              },
              {
                label: "New password…",
                icon: "key",
                disabledReason: reason,
                run: ask({ what: "password", user }),
              },
              null,
              {
                label: "Delete…",
                icon: "trash",
                kind: "danger",
                disabledReason: reason ?? self,
                run: () => drop("user", user.name, load),
              },
            ]}
          />
        `;
      },
    },
  ];
}

function tokenColumns(load: () => void): Column<ApiToken>[] {
  return [
    { label: "Name", cell: ({ name }) => html`<strong>${name}</strong>` },
    ...COMMON,
    {
      label: "",
      narrow: true,
      cell: (token) =>
        html`
          <${Button}
            kind="bare"
            icon="trash"
            label=${`Delete ${token.name}`}
            disabledReason=${notHere(token, "token")}
            onClick=${() => drop("token", token.name, load)}
          />
        `,
    },
  ];
}

/** Why an account cannot be changed on this page. */
function notHere({ source }: User | ApiToken, kind: "user" | "token"): string | null {
  if (source === "file") return `It is in the server's file: change it with taskapp ${kind}.`;
  const allowed = may("admin");
  return allowed === true ? null : allowed;
}

async function drop(kind: "user" | "token", name: string, load: () => void): Promise<void> {
  const text = kind === "user"
    ? `${name} is logged out everywhere and cannot come back.`
    : `Programs that use the token ${name} are refused from now on.`;
  if (!await confirm({ title: `Delete ${name}?`, text, action: "Delete" })) return;
  await (kind === "user" ? removeUser(name) : removeToken(name));
  toast({ text: `Deleted ${name}.` });
  load();
}
