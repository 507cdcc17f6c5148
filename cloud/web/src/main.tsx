import { render } from "preact";
import { App } from "./app";
import { findSession } from "./state/session";
import { registerWorker } from "./state/update";
import { meter } from "./strip/figures";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/phone.css";
import "./styles/report.css";
import "./styles/wall.css";

window.__ecgomics = meter;
render(<App />, document.getElementById("app") as HTMLElement);
void findSession();
// Without it the pages work the same, only not without a network.
registerWorker().catch((error: unknown) => console.warn("no service worker", error));
