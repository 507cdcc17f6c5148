/** A box whose strips are all drawn on one canvas that lies under its contents. */

import { effect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { streamMs } from "../state/monitor";
import { isWall, language, surface } from "../state/preferences";
import { meter } from "../strip/figures";
import type { StripSource } from "../strip/source";
import { type Look, SweepCanvas } from "../strip/sweep";
import { reason, seconds, words } from "../words";

export interface PlacedStrip {
  /** The strip is drawn where an element has this as `data-strip`. */
  id: string;
  source: StripSource;
}

interface Props {
  label: string;
  strips: readonly PlacedStrip[];
  hasGrid?: boolean;
  class?: string;
  children: ComponentChildren;
}

export function StripCanvas({ label, strips, hasGrid = false, children, ...rest }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const paper = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(
    () => run(box.current as HTMLElement, paper.current as HTMLCanvasElement, strips, hasGrid),
    [strips, hasGrid],
  );
  return (
    <div class={`strips ${rest.class ?? ""}`} ref={box}>
      <canvas ref={paper} role="img" aria-label={label} />
      {children}
    </div>
  );
}

/** Draw until the returned function is called; lay out anew when size, colour or words change. */
function run(
  box: HTMLElement,
  paper: HTMLCanvasElement,
  strips: readonly PlacedStrip[],
  hasGrid: boolean,
): () => void {
  const canvas = new SweepCanvas(paper);
  meter.canvas = canvas;
  const layout = () => {
    const size = { width: box.clientWidth, height: box.clientHeight };
    canvas.layout(size, placesOf(box, strips), lookOf(box), hasGrid);
  };
  let frame = requestAnimationFrame(function draw() {
    meter.frame();
    meter.busy(() => canvas.draw(streamMs()));
    frame = requestAnimationFrame(draw);
  });
  const resized = new ResizeObserver(layout);
  resized.observe(box);
  for (const element of box.querySelectorAll("[data-strip]")) resized.observe(element);
  const system = matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", layout);
  const unpin = effect(() => {
    // Read, so that a change of any of them lays out anew.
    void [surface.value, language.value, isWall.value];
    layout();
  });
  return () => {
    cancelAnimationFrame(frame);
    resized.disconnect();
    system.removeEventListener("change", layout);
    unpin();
    meter.canvas = null;
  };
}

function placesOf(box: HTMLElement, strips: readonly PlacedStrip[]) {
  const origin = box.getBoundingClientRect();
  return strips.flatMap(({ id, source }) => {
    const element = box.querySelector(`[data-strip="${CSS.escape(id)}"]`);
    if (!element) return [];
    const { left, top, width, height } = element.getBoundingClientRect();
    return [{ source, place: { x: left - origin.left, y: top - origin.top, width, height } }];
  });
}

function lookOf(box: HTMLElement): Look {
  const probe = document.createElement("span");
  box.append(probe);
  const colour = (token: string) => {
    probe.style.color = `var(--${token})`;
    return getComputedStyle(probe).color;
  };
  const look = {
    surface: colour("surface"),
    trace: colour("trace"),
    grid: colour("grid"),
    hatch: colour("hatch"),
    text: colour("text-2"),
    font: getComputedStyle(box).fontFamily,
    gapWords: gapWords,
  };
  probe.remove();
  return look;
}

function gapWords(lengthMs: number, why: string): string {
  return words.value.gapLabel(seconds(lengthMs), reason(why));
}
