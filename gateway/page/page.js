// The gateway's own page: status twice a second, traces as they come, nothing to press.
"use strict";

const SECONDS = 10;
const MV_HIGH = 3;
const patches = new Map();
const state = document.getElementById("state");

function patchOf(device) {
  let patch = patches.get(device);
  if (!patch) {
    const node = document.getElementById("patch").content.cloneNode(true).firstElementChild;
    node.querySelector(".device").textContent = device;
    document.getElementById("patches").append(node);
    patch = { node, pieces: [], canvas: node.querySelector("canvas") };
    patches.set(device, patch);
  }
  return patch;
}

const clock = (ns) => (ns === null ? "nothing yet" : new Date(ns / 1e6).toLocaleTimeString());
const or = (value, unit, without) => (value === null || value === undefined ? without : `${value}${unit}`);

function facts(told, nowNs) {
  const backlogS = told.oldest_uncommitted_ns === null ? 0 : (nowNs - told.oldest_uncommitted_ns) / 1e9;
  const rows = [
    ["Safe in the cloud through", clock(told.safe_through_ns)],
    ["Kept here, not yet safe", told.spooled_frames ? `${Math.round(backlogS)} s` : "nothing"],
    ["Electrodes", { on: "on skin", off: "off skin", unknown: "not told" }[told.contact]],
    ["Battery", or(told.battery_pct, " %", "not told")],
    ["Radio", or(told.rssi_dbm, " dBm", "not told")],
    ["Missing", told.gaps ? `${told.gap_samples} samples in ${told.gaps} gaps` : "nothing"],
    ["Clock of the patch", told.drift_ppm === null ? "learning" : `${told.drift_ppm.toFixed(0)} ppm`],
    ["Patch", [told.model, told.serial, told.firmware].filter(Boolean).join(" · ") || "not told"],
  ];
  const said = told.analysis;
  if (said) {
    rows.unshift(
      ["Heart rate", or(said.hr_bpm && Math.round(said.hr_bpm), " /min", said.hr_reason || "not yet")],
      ["Rhythm", (said.rhythm || "not named").replaceAll("_", " ")],
      ["Usable signal", `${Math.round(100 * said.sqi)} %`],
      ["Extra beats", `${said.pvc} ventricular, ${said.pac} supraventricular`],
    );
  }
  return rows;
}

function showStatus(message) {
  document.getElementById("none").hidden = message.patches.length > 0;
  for (const told of message.patches) {
    const { node } = patchOf(told.device);
    const link = node.querySelector(".link");
    link.textContent = told.link;
    link.dataset.state = told.link;
    node.querySelector(".trouble").textContent = told.trouble;
    node.querySelector("dl").replaceChildren(
      ...facts(told, message.now_ns).map(([name, value]) => {
        const cell = document.createElement("div");
        const term = cell.appendChild(document.createElement("dt"));
        const text = cell.appendChild(document.createElement("dd"));
        term.textContent = name;
        text.textContent = value;
        return cell;
      }),
    );
  }
}

function showTrace(piece) {
  const patch = patchOf(piece.device);
  const startMs = piece.utc_ns / 1e6;
  patch.pieces.push({ ...piece, startMs, endMs: startMs + piece.ecg_uv[0].length * piece.step_ms });
  patch.endMs = startMs + piece.ecg_uv[0].length * piece.step_ms;
  patch.pieces = patch.pieces.filter((each) => each.endMs > patch.endMs - SECONDS * 1000);
}

function draw(patch) {
  const { canvas } = patch;
  const style = getComputedStyle(document.documentElement);
  const context = canvas.getContext("2d");
  const { width, height } = canvas;
  context.clearRect(0, 0, width, height);
  context.strokeStyle = style.getPropertyValue("--grid");
  for (let second = 0; second <= SECONDS; second += 1) {
    const x = (second / SECONDS) * width;
    context.strokeRect(x, 0, 0, height);
  }
  if (!patch.pieces.length) return;
  const fromMs = patch.endMs - SECONDS * 1000;
  const xOf = (ms) => ((ms - fromMs) / (SECONDS * 1000)) * width;
  const nLeads = patch.pieces[0].leads.length;
  for (const piece of patch.pieces) {
    if (piece.gap_s > 0) hatch(context, style, xOf(piece.startMs - piece.gap_s * 1000), xOf(piece.startMs), height);
  }
  context.strokeStyle = style.getPropertyValue("--trace");
  context.lineWidth = 1.5;
  for (let lead = 0; lead < nLeads; lead += 1) {
    const middle = ((lead + 0.5) / nLeads) * height;
    const scale = height / nLeads / (MV_HIGH * 1000);
    context.beginPath();
    for (const piece of patch.pieces) {
      const samples = piece.ecg_uv[lead] || [];
      samples.forEach((uv, k) => {
        const x = xOf(piece.startMs + k * piece.step_ms);
        const y = middle - uv * scale;
        if (k === 0 && piece.gap_s > 0) context.moveTo(x, y);
        else context.lineTo(x, y);
      });
    }
    context.stroke();
    context.fillStyle = style.getPropertyValue("--text-2");
    context.fillText(patch.pieces[0].leads[lead], 4, middle - height / nLeads / 2 + 12);
  }
}

function hatch(context, style, fromX, toX, height) {
  context.save();
  context.beginPath();
  context.rect(fromX, 0, toX - fromX, height);
  context.clip();
  context.strokeStyle = style.getPropertyValue("--hatch");
  context.beginPath();
  for (let x = fromX - height; x < toX; x += 8) {
    context.moveTo(x, height);
    context.lineTo(x + height, 0);
  }
  context.stroke();
  context.restore();
}

function frame() {
  for (const patch of patches.values()) draw(patch);
  requestAnimationFrame(frame);
}

function connect() {
  const socket = new WebSocket(`ws://${location.host}/feed`);
  socket.onopen = () => {
    state.textContent = "running";
  };
  socket.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.kind === "status") showStatus(message);
    else showTrace(message);
  };
  socket.onclose = () => {
    state.textContent = "The gateway does not answer: nothing here is live.";
    setTimeout(connect, 1000);
  };
}

connect();
requestAnimationFrame(frame);
