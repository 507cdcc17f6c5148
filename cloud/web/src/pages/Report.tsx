import { useLayoutEffect } from "preact/hooks";
import { DimensionMark } from "../parts/Glyphs";
import { PaperStrip } from "../parts/PaperStrip";
import type { Dimension, Measurement, Report, ReportStrip, Statement } from "../report";
import { language } from "../state/preferences";
import { clockTime, day, figure, fromNs, NO_VALUE, reason, seconds, unit, words } from "../words";

const DIMENSIONS: Dimension[] = ["S", "I", "F", "C"];

/** Who stands behind a report. */
export function standing(report: Report): string {
  const { automatic, confirmedBy } = words.value;
  return report.confirmation ? confirmedBy(report.confirmation.who) : automatic;
}

function usual({ ref_low: low, ref_high: high }: Measurement): string {
  if (low !== null && high !== null) return words.value.usualRange(figure(low), figure(high));
  if (low !== null) return `≥ ${figure(low)}`;
  return high === null ? "" : `≤ ${figure(high)}`;
}

function MeasurementRow({ measured }: { measured: Measurement }) {
  const text = words.value;
  const flag = measured.flag === "L" ? text.below : measured.flag === "H" ? text.above : null;
  const said = measured.value === null ? (measured.text ?? null) : figure(measured.value);
  return (
    <tr>
      <th scope="row">{text.measures[measured.key] ?? measured.key}</th>
      {said === null ? (
        <td class="quiet">
          {NO_VALUE} {reason(measured.null_reason)}
        </td>
      ) : (
        <td>
          {said} {unit(measured.unit)} {flag && <em>{flag}</em>}
        </td>
      )}
      <td class="quiet">{usual(measured)}</td>
    </tr>
  );
}

export function Measurements({ report }: { report: Report }) {
  const text = words.value;
  const groups = DIMENSIONS.map((dim) => ({
    dim,
    rows: report.measurements.filter((measured) => measured.dim === dim),
  })).filter((group) => group.rows.length > 0);
  return (
    <table class="measurements">
      <caption class="unseen">{text.measurements}</caption>
      <thead>
        <tr>
          <th scope="col">{text.measurement}</th>
          <th scope="col">{text.value}</th>
          <th scope="col">{text.usual}</th>
        </tr>
      </thead>
      {groups.map(({ dim, rows }) => (
        <tbody key={dim}>
          <tr>
            <th scope="rowgroup" colSpan={3} class="group">
              <DimensionMark dim={dim} label={text.dimensions[dim]} />
            </th>
          </tr>
          {rows.map((measured) => (
            <MeasurementRow key={measured.key} measured={measured} />
          ))}
        </tbody>
      ))}
    </table>
  );
}

/** A finding, how sure it is, and the strip it is seen in unless that is the one above. */
function Finding({ statement, report }: { statement: Statement; report: Report }) {
  const { certainties } = words.value;
  const behind = report.strips.slice(1).filter((strip) => statement.strip_ids.includes(strip.id));
  return (
    <li>
      <p>
        {statement.text[language.value]}
        {statement.certainty !== "definite" && (
          <span class="quiet">
            {" · "}
            {certainties[statement.certainty] ?? statement.certainty}
          </span>
        )}
      </p>
      {behind.map((strip) => (
        <PaperStrip key={strip.id} strip={strip} />
      ))}
    </li>
  );
}

/** The strips that no finding shows. */
function leftOver(report: Report): ReportStrip[] {
  const shown = new Set(report.statements.flatMap((statement) => statement.strip_ids));
  return report.strips.slice(1).filter((strip) => !shown.has(strip.id));
}

function Findings({ report }: { report: Report }) {
  if (report.statements.length === 0) return null;
  return (
    <section>
      <h2>{words.value.findings}</h2>
      <ul class="findings">
        {report.statements.map((statement) => (
          <Finding key={`${statement.id} ${statement.start_ns}`} {...{ statement, report }} />
        ))}
      </ul>
    </section>
  );
}

export function ReportView({ report, onBack }: { report: Report; onBack: () => void }) {
  const text = words.value;
  // It opens at its top, however far the page before was scrolled.
  useLayoutEffect(() => scrollTo(0, 0), [report.report_id]);
  const { start_ns, end_ns, wall_s, analysable_s } = report.recording;
  const [from, to] = [fromNs(start_ns), fromNs(end_ns)];
  const leftOutMs = (wall_s - analysable_s) * 1e3;
  return (
    <article class="report">
      <button type="button" class="back" onClick={onBack}>
        ‹ {text.back}
      </button>
      <h1>{report.narrative.headline[language.value]}</h1>
      <p class="quiet">
        {day(from)}, {text.reportOf(clockTime(from), clockTime(to))} · {standing(report)}
      </p>
      <p class="narrative">{report.narrative.patient[language.value]}</p>
      {report.strips.slice(0, 1).map((strip) => (
        <PaperStrip key={strip.id} strip={strip} />
      ))}
      <Findings report={report} />
      <h2>{text.measurements}</h2>
      <Measurements report={report} />
      {leftOutMs > 500 && <p class="quiet">{text.leftOut(seconds(leftOutMs))}</p>}
      <details>
        <summary>{text.forClinicians}</summary>
        <p class="clinician">{report.narrative.clinician[language.value]}</p>
        {leftOver(report).map((strip) => (
          <PaperStrip key={strip.id} strip={strip} />
        ))}
      </details>
      <footer class="quiet">
        {report.disclaimers.map((disclaimer) => (
          <p key={disclaimer.en}>{disclaimer[language.value]}</p>
        ))}
        <p>{text.madeBy(report.algorithm.name, report.algorithm.version)}</p>
      </footer>
    </article>
  );
}
