import { useSignal } from "@preact/signals";
import { ApiError } from "../api";
import { Menu } from "../parts/Menu";
import { signIn } from "../state/session";
import { words } from "../words";

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 120 40" aria-hidden="true">
      <path d="M2 24h26l6-10 8 10h6l4 5 9-26 10 36 6-15h10l8-11 9 11h14" />
    </svg>
  );
}

export function Login() {
  const text = words.value;
  const failure = useSignal<string | null>(null);
  const isBusy = useSignal(false);

  async function submit(event: SubmitEvent) {
    event.preventDefault();
    const form = new FormData(event.currentTarget as HTMLFormElement);
    isBusy.value = true;
    failure.value = null;
    try {
      await signIn(String(form.get("username")), String(form.get("password")));
    } catch (error) {
      const isWrong = error instanceof ApiError && error.status === 401;
      const detail = error instanceof Error ? error.message : String(error);
      failure.value = isWrong ? text.wrongPassword : text.failed(text.signIn, detail);
    } finally {
      isBusy.value = false;
    }
  }

  return (
    <main class="login">
      <Menu />
      <Mark />
      <h1>ECGomics</h1>
      <p class="quiet">{text.tagline}</p>
      <form onSubmit={submit}>
        <label>
          {text.username}
          <input name="username" autocomplete="username" autocapitalize="none" required />
        </label>
        <label>
          {text.password}
          <input name="password" type="password" autocomplete="current-password" required />
        </label>
        <p class="failure" role="alert">
          {failure.value}
        </p>
        <button type="submit" class="primary" disabled={isBusy.value}>
          {text.signIn}
        </button>
      </form>
    </main>
  );
}
