/** Language and surface, kept on this device. */

import { effect, signal } from "@preact/signals";

export type Language = "en" | "zh";
export type Surface = "auto" | "light" | "dark";

function kept<T extends string>(key: string, choices: readonly T[], otherwise: T) {
  const found = choices.find((choice) => choice === localStorage.getItem(key));
  const preference = signal<T>(found ?? otherwise);
  effect(() => localStorage.setItem(key, preference.value));
  return preference;
}

const own: Language = navigator.language.startsWith("zh") ? "zh" : "en";

export const language = kept<Language>("language", ["en", "zh"], own);
export const surface = kept<Surface>("surface", ["auto", "light", "dark"], "auto");
/** What is really shown: the pinned surface or the system's. The wall is dark unless pinned. */
export const isWall = signal(false);

effect(() => {
  const pinned = surface.value === "auto" && isWall.value ? "dark" : surface.value;
  document.documentElement.dataset.surface = pinned;
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
});
