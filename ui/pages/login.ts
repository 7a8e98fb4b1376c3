import { useSignal } from "@preact/signals";
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { Button } from "../components/button.ts";
import { Labelled, valueOf } from "../components/field.ts";
import { Mark } from "../components/icons.ts";
import { route } from "../route.ts";
import { isIn, logIn, me } from "../state/session.ts";

/** Asks for name and password, and goes on to where the reader wanted to be. */
export function LoginPage() {
  const user = useSignal("");
  const password = useSignal("");
  const busy = useSignal(false);
  const refusal = useSignal("");
  const first = useRef<HTMLInputElement>(null);

  useEffect(() => {
    document.title = "Log in – taskapp";
    first.current?.focus();
  }, []);
  useEffect(() => {
    if (isIn.value) goOn();
  }, [isIn.value]);

  const submit = async (event: Event) => {
    event.preventDefault();
    if (busy.value) return;
    if (!user.value || !password.value) {
      refusal.value = "Both are needed.";
      return;
    }
    busy.value = true;
    refusal.value = "";
    try {
      const isOther = await logIn(user.value, password.value);
      goOn();
      if (isOther) location.reload();
    } catch (error) {
      refusal.value = error instanceof Error ? error.message : String(error);
      password.value = "";
    }
    busy.value = false;
  };

  return html`
    <div class="login">
      <${Mark} />
      <h1>Log in to taskapp</h1>
      <form noValidate onSubmit=${submit}>
        <${Labelled} id="user" label="User">
          <input
            id="user"
            ref=${first}
            name="username"
            autocomplete="username"
            autocapitalize="none"
            spellcheck=${false}
            value=${user}
            onInput=${(event: Event) => user.value = valueOf(event)}
          />
          <//>
          <${Labelled} id="password" label="Password">
            <input
              id="password"
              name="password"
              type="password"
              autocomplete="current-password"
              value=${password}
              onInput=${(event: Event) => password.value = valueOf(event)}
            />
            <//>
            <p class="error" role="alert">${refusal}</p>
            <${Button} kind="primary" type="submit" busy=${busy.value}>
          ${busy.value ? "Logging in…" : "Log in"}
        <//>
      </form>
      ${me.value?.read_only && html`<p class="muted">This server is read-only.</p>`}
    </div>
  `;
}

/** To the address that asked for a login; only one of this page. */
function goOn(): void {
  const next = route.peek().query.get("next") ?? "";
  const hash = next.startsWith("#/") && !next.startsWith("#/login") ? next : "#/";
  history.replaceState({}, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
