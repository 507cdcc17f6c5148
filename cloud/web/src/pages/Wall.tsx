import { type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import type { Patient } from "../api";
import { gridFor, neighbour } from "../grid";
import { Badge } from "../parts/Badge";
import { Cell, urgencyShown } from "../parts/Cell";
import { Menu } from "../parts/Menu";
import { Notices } from "../parts/Notices";
import { StripCanvas } from "../parts/StripCanvas";
import { Evidence } from "../parts/Vitals";
import { isMonitored } from "../state/judge";
import { type Monitored, monitor, nowMs, services } from "../state/monitor";
import { isWall, language } from "../state/preferences";
import { URGENCIES } from "../state/urgency";
import { SERVICE_NAMES } from "../wire";
import { clockTime, words } from "../words";
import { Measurements, standing } from "./Report";

type Order = "name" | "bed" | "urgency" | "unmonitored";

const byText = (a: string, b: string) => a.localeCompare(b, undefined, { numeric: true });

/** Most urgent first. */
function rank({ numbers, view }: Monitored): number {
  const urgency = urgencyShown(numbers.value, view.value);
  return urgency ? URGENCIES.indexOf(urgency) : URGENCIES.length;
}

function compare(order: Order): (a: Monitored, b: Monitored) => number {
  return (a, b) => {
    const names = byText(a.patient.name, b.patient.name);
    if (order === "bed") return byText(a.patient.bed ?? "", b.patient.bed ?? "") || names;
    if (order === "name") return names;
    if (order === "urgency") return rank(a) - rank(b) || names;
    return Number(isMonitored(a.view.value)) - Number(isMonitored(b.view.value)) || names;
  };
}

function unmonitored(all: readonly Monitored[]): Monitored[] {
  return all.filter(({ view }) => view.value.is === "lost" || view.value.is === "none");
}

function Clock() {
  const time = useComputed(() => clockTime(nowMs.value));
  return <time class="wall-clock">{time}</time>;
}

/** Who is not looked after, by name: it must not be overseen. */
function Unmonitored({ all }: { all: readonly Monitored[] }) {
  const said = useComputed(() => {
    const text = words.value;
    const gone = unmonitored(all);
    const names = gone.map(({ patient, view }) => {
      const since = view.value.is === "lost" ? ` ${clockTime(view.value.sinceMs)}` : "";
      return patient.name + since;
    });
    return gone.length === 0 ? "" : `${text.notMonitored(gone.length)}: ${names.join(", ")}`;
  });
  return (
    <p class="wall-gone" role="status">
      {said}
    </p>
  );
}

/** How many patients there are of each urgency; what there is none of is left out. */
function UrgencyCounts({ all }: { all: readonly Monitored[] }) {
  // A text, so that this renders anew only when a count changes.
  const counts = useComputed(() => {
    const ranks = all.map(rank);
    return URGENCIES.map((_, i) => ranks.filter((each) => each === i).length).join(" ");
  });
  const numbers = counts.value.split(" ");
  return (
    <span class="wall-urgencies" role="status">
      {URGENCIES.map((urgency, i) =>
        numbers[i] === "0" ? null : (
          <span key={urgency}>
            <Badge urgency={urgency} /> {numbers[i]}
          </span>
        ),
      )}
    </span>
  );
}

function ServiceStates() {
  const text = words.value;
  const known = services.value;
  if (!known) return null;
  if (SERVICE_NAMES.every((name) => known[name].up)) return <span>{text.allUp}</span>;
  return (
    <>
      {SERVICE_NAMES.map((name) => (
        <span key={name} class={known[name].up ? "" : "is-down"}>
          {text.services[name]} {known[name].up ? text.up : text.down}
        </span>
      ))}
    </>
  );
}

function TopBar({ all, order }: { all: readonly Monitored[]; order: Signal<Order> }) {
  const text = words.value;
  const monitoredText = useComputed(() => {
    const gone = unmonitored(all).length;
    return words.value.monitored(all.length - gone);
  });
  const orders: [Order, string][] = [
    ["name", text.sortName],
    ["bed", text.sortBed],
    ["urgency", text.sortUrgency],
    ["unmonitored", text.sortUnmonitored],
  ];
  return (
    <header class="wall-bar">
      <h1>ECGomics</h1>
      <span>{text.patients(all.length)}</span>
      <span>{monitoredText}</span>
      <UrgencyCounts all={all} />
      <Unmonitored all={all} />
      <span class="wall-services">
        <ServiceStates />
      </span>
      <label class="field">
        {text.sort}
        <select
          value={order.value}
          onChange={(event) => (order.value = event.currentTarget.value as Order)}
        >
          {orders.map(([key, name]) => (
            <option key={key} value={key}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Clock />
      <Menu />
    </header>
  );
}

function SidePanel({ monitored, onClose }: { monitored: Monitored; onClose: () => void }) {
  const text = words.value;
  const { patient, report } = monitored;
  const latest = report.value;
  return (
    <aside class="side" aria-label={patient.name}>
      <header>
        <h2>{patient.name}</h2>
        <span class="quiet">{patient.bed && text.bed(patient.bed)}</span>
        <button type="button" onClick={onClose}>
          {text.close}
        </button>
      </header>
      <Evidence patient={monitored} />
      <p>
        <a href={`/patients/${encodeURIComponent(patient.patient_id)}`}>{text.openPatient}</a>
      </p>
      {latest ? (
        <section>
          <h3>{text.lastReport}</h3>
          <p class="side-headline">{latest.narrative.headline[language.value]}</p>
          <p class="quiet">
            {clockTime(latest.recording.end_ns / 1e6)} · {standing(latest)}
          </p>
          <p>{latest.narrative.clinician[language.value]}</p>
          <Measurements report={latest} />
        </section>
      ) : (
        <p class="quiet">{text.noReports}</p>
      )}
    </aside>
  );
}

/** The size of an element, kept up to date. */
function useSize(initial: { width: number; height: number }) {
  const box = useRef<HTMLDivElement>(null);
  const size = useSignal(initial);
  useLayoutEffect(() => {
    const element = box.current as HTMLElement;
    const measure = () => {
      size.value = { width: element.clientWidth, height: element.clientHeight };
    };
    const resized = new ResizeObserver(measure);
    resized.observe(element);
    measure();
    return () => resized.disconnect();
  }, [size]);
  return { box, size };
}

/** The cell that has the focus moves with the arrow keys. */
function moveFocus(event: KeyboardEvent, grid: HTMLElement, columns: number): void {
  if (!event.key.startsWith("Arrow") || event.target instanceof HTMLSelectElement) return;
  event.preventDefault();
  const cells = [...grid.querySelectorAll<HTMLElement>(".cell")];
  const index = cells.indexOf(document.activeElement as HTMLElement);
  const next = index < 0 ? 0 : neighbour(index, event.key, cells.length, columns);
  cells[next]?.focus();
}

interface CellsProps {
  shown: readonly Monitored[];
  open: Signal<Monitored | null>;
}

/** The cells, filling the screen; the arrows move the focus, Space opens, Escape closes. */
function Cells({ shown, open }: CellsProps) {
  const { box, size } = useSize({ width: 1920, height: 1032 });
  const { columns, rows } = gridFor(shown.length, size.value.width, size.value.height);
  const strips = useMemo(
    () => shown.map(({ patient, source }) => ({ id: patient.patient_id, source })),
    [shown],
  );
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === "Escape") open.value = null;
      moveFocus(event, box.current as HTMLElement, columns);
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, [open, box, columns]);
  const tracks = {
    gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
    gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))`,
  };
  return (
    <div class="wall-grid" ref={box}>
      <StripCanvas label={words.value.wallLabel(shown.length)} strips={strips} class="wall-strips">
        <div class="cells" style={tracks}>
          {shown.map((monitored) => (
            <Cell
              key={monitored.patient.patient_id}
              monitored={monitored}
              isOpen={open.value === monitored}
              onOpen={() => {
                open.value = monitored;
              }}
            />
          ))}
        </div>
      </StripCanvas>
    </div>
  );
}

/** A clinician's patients side by side, legible at three metres. */
export function Wall({ patients }: { patients: Patient[] }) {
  const order = useSignal<Order>("bed");
  const open = useSignal<Monitored | null>(null);
  const all = useMemo(() => monitor(patients), [patients]);
  const ranked = useComputed(() => {
    const sorted = [...all].sort(compare(order.value));
    return sorted.map(({ patient }) => patient.patient_id).join("\n");
  });
  // The list changes only when the order does, not with every tick of the clock.
  const ids = ranked.value;
  const shown = useMemo(() => [...all].sort(compare(order.peek())), [all, ids]);
  useEffect(() => {
    isWall.value = true;
    return () => {
      isWall.value = false;
    };
  }, []);
  return (
    <div class="wall">
      <TopBar all={all} order={order} />
      <Notices />
      <main class="wall-main">
        {shown.length > 0 ? (
          <Cells shown={shown} open={open} />
        ) : (
          <p class="hint">{words.value.noPatients}</p>
        )}
        {open.value && (
          <SidePanel
            monitored={open.value}
            onClose={() => {
              open.value = null;
            }}
          />
        )}
      </main>
    </div>
  );
}
