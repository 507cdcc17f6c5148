import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { Patient, ReportLine } from "../api";
import { Accesses } from "../parts/Accesses";
import { Badge } from "../parts/Badge";
import { Battery, Link } from "../parts/Glyphs";
import { Menu } from "../parts/Menu";
import { Notices } from "../parts/Notices";
import { PatchCard } from "../parts/PatchCard";
import { SafeBar } from "../parts/SafeBar";
import { StripCanvas } from "../parts/StripCanvas";
import {
  ageText,
  Evidence,
  eventText,
  qualityText,
  rateReason,
  rateText,
  rhythmText,
} from "../parts/Vitals";
import { isMonitored } from "../state/judge";
import { type Monitored, monitor, nowMs } from "../state/monitor";
import { language } from "../state/preferences";
import { qualityOf } from "../state/quality";
import { Reports } from "../state/reports";
import { sayingOf } from "../state/saying";
import { session } from "../state/session";
import { eventsOf, urgencyOf } from "../state/urgency";
import { clockTime, day, fromNs, words } from "../words";
import { ReportView } from "./Report";

type Tab = "now" | "reports";

const RECENT_REPORTS = 3;

function Header({ patient }: { patient: Monitored }) {
  const text = words.value;
  const status = patient.status.value;
  const pct = status?.battery_pct ?? null;
  const battery = pct === null ? text.batteryUnknown : `${text.battery} ${pct} %`;
  const link = patient.link.value;
  return (
    <header class="phone-head">
      <h1>{patient.patient.name}</h1>
      <Link state={link} label={link ? text.links[link] : text.linkUnknown} />
      <span class="battery">
        <Battery pct={pct} label={battery} />
        {pct !== null && <span aria-hidden="true">{pct} %</span>}
      </span>
      <Menu />
    </header>
  );
}

/** The one sentence: what can honestly be said now. */
function sentence(patient: Monitored): string {
  const text = words.value;
  const view = patient.view.value;
  if (view.is === "loading") return text.loading;
  if (view.is === "none") return text.waiting;
  if (view.is === "lost") return text.noWordNow;
  const numbers = patient.numbers.value;
  return numbers ? text.sayings[sayingOf(numbers, patient.recent.value)] : text.sayings.unsure;
}

/** What to do, where something is to be done. */
function Action({ patient }: { patient: Monitored }) {
  const { actions } = words.value;
  const numbers = patient.numbers.value;
  if (!numbers || !isMonitored(patient.view.value)) return null;
  if (numbers.lead_off || numbers.rhythm === "lead_off") {
    return <p class="hint">{actions.lead_off}</p>;
  }
  const urgency = urgencyOf(numbers);
  if (urgency !== "high" && urgency !== "medium") return null;
  return (
    <p class={`hint action action-${urgency}`} role="alert">
      <Badge urgency={urgency} />
      <span>{actions[urgency]}</span>
    </p>
  );
}

/** The rhythm by its name, what came over it lately, and how good the signal is. */
function Findings({ patient }: { patient: Monitored }) {
  const view = patient.view.value;
  const numbers = patient.numbers.value;
  if (!numbers || !isMonitored(view)) return null;
  const rhythm = rhythmText(numbers, view);
  return (
    <div class="now-found">
      {rhythm && <p class="now-rhythm">{rhythm}</p>}
      {eventsOf(numbers).length > 0 && (
        <p class="now-event">{words.value.because(words.value.newestEvent, eventText(numbers))}</p>
      )}
      <p class="now-quality">
        <span class={`trust trust-${qualityOf(numbers) === "good" ? "solid" : "hatched"}`} />
        {qualityText(numbers, view)}
      </p>
    </div>
  );
}

function Sentence({ patient }: { patient: Monitored }) {
  const text = words.value;
  const view = patient.view.value;
  const said = useComputed(() => sentence(patient));
  const rate = rateText(patient.numbers.value, view);
  const because = rateReason(patient.numbers.value, view);
  return (
    <section class={`sentence is-${view.is}`}>
      <p class="said" role="status">
        {said}
      </p>
      <p class="rate">
        <span class="rate-number">{rate}</span>
        <span class="rate-unit">
          {text.rateUnit}
          {because && <strong>{because}</strong>}
        </span>
      </p>
      <Findings patient={patient} />
      <p class="quiet meta">
        <span class={`age is-${view.is}`}>{ageText(view)}</span>
        <span>{text.automatic}</span>
      </p>
      <Action patient={patient} />
      {view.is === "none" && <p class="hint">{text.whatToDo}</p>}
    </section>
  );
}

function LiveStrip({ patient }: { patient: Monitored }) {
  const text = words.value;
  const strips = useMemo(() => [{ id: "strip", source: patient.source }], [patient]);
  const is = patient.view.value.is;
  return (
    <section class={`live-strip is-${is}`}>
      <StripCanvas label={text.stripLabel(patient.patient.name)} strips={strips} hasGrid>
        <div data-strip="strip" />
      </StripCanvas>
      <p class="quiet caption">{text.notToScale}</p>
    </section>
  );
}

function ReportList({ lines, reports }: { lines: ReportLine[]; reports: Reports }) {
  return (
    <ul class="report-list">
      {lines.map((line) => (
        <li key={line.report_id}>
          <button type="button" onClick={() => void reports.show(line.report_id)}>
            <span>{line.headline[language.value]}</span>
            <time>{clockTime(fromNs(line.end_ns))}</time>
          </button>
        </li>
      ))}
    </ul>
  );
}

function Failure({ text }: { text: string | null }) {
  return text ? (
    <p class="failure" role="alert">
      {text}
    </p>
  ) : null;
}

const isToday = (line: ReportLine) => day(fromNs(line.end_ns)) === day(nowMs.value);

function Skeleton() {
  return <div class="skeleton" role="img" aria-label={words.value.loading} />;
}

function Today({ reports }: { reports: Reports }) {
  const text = words.value;
  const { value, failure } = reports.lines.value;
  const today = value?.filter(isToday);
  return (
    <section class="today">
      <h2>{text.todaysReports}</h2>
      <Failure text={failure} />
      {!today && !failure && <Skeleton />}
      {today?.length === 0 && (
        <p class="quiet">{value?.length === 0 ? text.noReports : text.noReportsToday}</p>
      )}
      {today && <ReportList lines={today.slice(0, RECENT_REPORTS)} reports={reports} />}
      <Failure text={reports.makingFailure.value} />
      <button
        type="button"
        class="primary big"
        disabled={reports.isMaking.value}
        onClick={() => void reports.make()}
      >
        {reports.isMaking.value ? text.reportMaking : text.reportNow}
      </button>
    </section>
  );
}

function AllReports({ reports }: { reports: Reports }) {
  const text = words.value;
  const { value, failure } = reports.lines.value;
  const days = Map.groupBy(value ?? [], (line) => day(fromNs(line.end_ns)));
  return (
    <section class="all-reports">
      <h2>{text.tabReports}</h2>
      <Failure text={failure} />
      {!value && !failure && <Skeleton />}
      {value?.length === 0 && <p class="quiet">{text.noReports}</p>}
      {[...days].map(([name, lines]) => (
        <section key={name}>
          <h3 class="quiet">{name}</h3>
          <ReportList lines={lines} reports={reports} />
        </section>
      ))}
    </section>
  );
}

/** Whether the person in front of the page is the patient: only she relays her patch. */
function isOwn({ patient }: Monitored): boolean {
  const now = session.value;
  return now.is === "in" && now.me.patient_id === patient.patient_id;
}

function Now({ patient, reports }: { patient: Monitored; reports: Reports }) {
  return (
    <>
      <Sentence patient={patient} />
      <LiveStrip patient={patient} />
      <SafeBar patient={patient} />
      {isOwn(patient) && <PatchCard />}
      <Today reports={reports} />
      <details class="behind">
        <summary>{words.value.behind}</summary>
        <Evidence patient={patient} />
      </details>
      {isOwn(patient) && <Accesses patientId={patient.patient.patient_id} />}
    </>
  );
}

function OpenReport({ reports }: { reports: Reports }) {
  const { value, failure } = reports.open.value ?? { value: null, failure: null };
  if (value) return <ReportView report={value} onBack={() => reports.close()} />;
  return (
    <section class="report">
      <button type="button" class="back" onClick={() => reports.close()}>
        ‹ {words.value.back}
      </button>
      {failure ? <Failure text={failure} /> : <Skeleton />}
    </section>
  );
}

/** One patient's own page: am I fine, the live strip, the reports. */
export function Phone({ patient: who }: { patient: Patient }) {
  const text = words.value;
  const tab = useSignal<Tab>("now");
  const patient = useMemo(() => monitor([who])[0] as Monitored, [who]);
  const reports = useMemo(() => new Reports(patient), [patient]);
  useEffect(() => reports.stop, [reports]);
  const choose = (next: Tab) => {
    reports.close();
    tab.value = next;
  };
  const tabs: [Tab, string][] = [
    ["now", text.tabNow],
    ["reports", text.tabReports],
  ];
  return (
    <div class="phone">
      <Header patient={patient} />
      <Notices />
      <main>
        {reports.open.value ? (
          <OpenReport reports={reports} />
        ) : tab.value === "now" ? (
          <Now patient={patient} reports={reports} />
        ) : (
          <AllReports reports={reports} />
        )}
      </main>
      <nav class="tabs">
        {tabs.map(([key, name]) => (
          <button
            key={key}
            type="button"
            aria-current={tab.value === key ? "page" : undefined}
            onClick={() => choose(key)}
          >
            {name}
          </button>
        ))}
      </nav>
    </div>
  );
}
