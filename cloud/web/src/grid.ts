/** How many columns and rows of equal cells fill a screen best. */

export interface Grid {
  columns: number;
  rows: number;
}

const WANTED_ASPECT = 2.2;
const EMPTY_CELL_PRICE = 0.5;

/** Give the grid whose cells are nearest to 2.2 times as wide as high with few left empty. */
export function gridFor(cells: number, width: number, height: number): Grid {
  let best: Grid = { columns: 1, rows: Math.max(1, cells) };
  let bestPrice = Number.POSITIVE_INFINITY;
  for (let columns = 1; columns <= cells; columns++) {
    const rows = Math.ceil(cells / columns);
    const aspect = width / columns / (height / rows);
    const empty = (columns * rows - cells) / cells;
    const price = Math.abs(Math.log(aspect / WANTED_ASPECT)) + EMPTY_CELL_PRICE * empty;
    if (price < bestPrice) {
      best = { columns, rows };
      bestPrice = price;
    }
  }
  return best;
}

/** Give the cell that an arrow key leads to; the edges hold. */
export function neighbour(index: number, key: string, cells: number, columns: number): number {
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
  };
  const next = index + (steps[key] ?? 0);
  return next >= 0 && next < cells ? next : index;
}
