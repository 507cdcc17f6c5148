/** Language, surface, signing out. */

import { language, type Surface, surface } from "../state/preferences";
import { session, signOut } from "../state/session";
import { words } from "../words";

const SURFACES: Surface[] = ["auto", "light", "dark"];

function LanguageButton() {
  const other = language.value === "en" ? "zh" : "en";
  return (
    <button type="button" lang={other} onClick={() => (language.value = other)}>
      {words.value.otherLanguage}
    </button>
  );
}

function SurfaceChoice() {
  const text = words.value;
  return (
    <label class="field">
      {text.surfaceLabel}
      <select
        value={surface.value}
        onChange={(event) => (surface.value = event.currentTarget.value as Surface)}
      >
        {SURFACES.map((each) => (
          <option key={each} value={each}>
            {text.surface[each]}
          </option>
        ))}
      </select>
    </label>
  );
}

export function Menu() {
  const text = words.value;
  const who = session.value.is === "in" ? session.value.me.username : null;
  return (
    <details class="menu">
      <summary aria-label={text.menu}>
        <svg class="glyph" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
          <path d="M3 5h14M3 10h14M3 15h14" class="glyph-line" />
        </svg>
      </summary>
      <div class="menu-body">
        {who && <p class="quiet">{who}</p>}
        <LanguageButton />
        <SurfaceChoice />
        {who && (
          <button type="button" onClick={() => void signOut()}>
            {text.signOut}
          </button>
        )}
      </div>
    </details>
  );
}
