/** Which page is shown to whom. */

import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { LocationProvider, Route, Router, useRoute } from "preact-iso";
import { Login } from "./pages/Login";
import { Phone } from "./pages/Phone";
import { Wall } from "./pages/Wall";
import { PatchCard } from "./parts/PatchCard";
import { startMonitor } from "./state/monitor";
import { session } from "./state/session";
import { clockTime, words } from "./words";

interface PlainProps {
  title: string;
  detail?: string;
  link?: string;
  children?: ComponentChildren;
}

function Plain({ title, detail, link, children }: PlainProps) {
  return (
    <main class="plain">
      <h1>{title}</h1>
      {detail && <p>{detail}</p>}
      {link && <a href="/">{link}</a>}
      {children}
    </main>
  );
}

const NotFound = () => <Plain title={words.value.notFound} link={words.value.backToStart} />;

function Home() {
  const now = session.value;
  if (now.is !== "in") return null;
  if (now.me.role === "clinician") return <Wall patients={now.patients} />;
  const own = now.patients.find((patient) => patient.patient_id === now.me.patient_id);
  return own ? <Phone patient={own} /> : <NotFound />;
}

function PatientPage() {
  const { params } = useRoute();
  const now = session.value;
  if (now.is !== "in") return null;
  const patient = now.patients.find((each) => each.patient_id === params.id);
  return patient ? <Phone key={params.id} patient={patient} /> : <NotFound />;
}

function SignedIn() {
  useEffect(startMonitor, []);
  return (
    <LocationProvider>
      <Router>
        <Route path="/" component={Home} />
        <Route path="/patients/:id" component={PatientPage} />
        <Route default component={NotFound} />
      </Router>
    </LocationProvider>
  );
}

export function App() {
  const text = words.value;
  const now = session.value;
  if (now.is === "in") return <SignedIn />;
  if (now.is === "out") return <Login />;
  if (now.is === "loading")
    return <div class="skeleton-page" role="img" aria-label={text.loading} />;
  return (
    <Plain title={text.unreachable} detail={text.unreachableNext(clockTime(now.sinceMs))}>
      <PatchCard />
    </Plain>
  );
}
