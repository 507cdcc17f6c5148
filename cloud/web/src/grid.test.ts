import { expect, test } from "vitest";
import { gridFor, neighbour } from "./grid";

test("every number of patients fills the screen without an empty row or column", () => {
  for (let cells = 1; cells <= 128; cells++) {
    const { columns, rows } = gridFor(cells, 1920, 1028);
    expect(columns * rows).toBeGreaterThanOrEqual(cells);
    expect(columns * (rows - 1)).toBeLessThan(cells);
    const aspect = 1920 / columns / (1028 / rows);
    if (cells > 2) expect(aspect).toBeGreaterThan(1);
    if (cells > 2) expect(aspect).toBeLessThan(4);
  }
});

test("sixteen stand four by four", () => {
  expect(gridFor(16, 1920, 1028)).toEqual({ columns: 4, rows: 4 });
});

test("the arrows move between cells and stop at the edges", () => {
  expect(neighbour(0, "ArrowRight", 7, 3)).toBe(1);
  expect(neighbour(0, "ArrowLeft", 7, 3)).toBe(0);
  expect(neighbour(1, "ArrowDown", 7, 3)).toBe(4);
  expect(neighbour(4, "ArrowDown", 7, 3)).toBe(4);
  expect(neighbour(4, "ArrowUp", 7, 3)).toBe(1);
  expect(neighbour(4, "a", 7, 3)).toBe(4);
});
