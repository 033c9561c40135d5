
"use strict";
(() => {
  const $ = id => document.getElementById(id);
  const SVG = "http://www.w3.org/2000/svg";
  const TOOL = "report_tearsheet";
  let data = null;      // the newest structured answer
  let input = {};       // what the tool was called with
  let asked = new Map(); // requests to the host that wait for an answer
  let id = 0;

  // --- the host: JSON-RPC over postMessage (MCP Apps, 2026-01-26) ---

  const send = message => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");
  const notify = (method, params = {}) => send({ method, params });
  const request = (method, params) => new Promise((resolve, reject) => {
    asked.set(++id, { resolve, reject });
    send({ id, method, params });
  });

  window.addEventListener("message", event => {
    const m = event.data;
    if (event.source !== window.parent || window.parent === window || !m || m.jsonrpc !== "2.0") return;
    if (typeof m.method === "string") return receive(m);
    const waiting = asked.get(m.id);
    if (!waiting) return;
    asked.delete(m.id);
    if (m.error) waiting.reject(new Error(String(m.error.message || "the host refused")));
    else waiting.resolve(m.result || {});
  });

  function receive(m) {
    const p = m.params || {};
    switch (m.method) {
      case "ui/notifications/tool-input": input = p.arguments || {}; break;
      case "ui/notifications/tool-result": shown(p); break;
      case "ui/notifications/tool-cancelled": say("The call was cancelled" + (p.reason ? ": " + p.reason : "."), true); break;
      case "ui/notifications/host-context-changed": context(p); break;
      case "ui/resource-teardown":
      case "ping": send({ id: m.id, result: {} }); break;
      default: if (m.id !== undefined) send({ id: m.id, error: { code: -32601, message: "this view has no " + m.method } });
    }
  }

  // context follows the host's theme; updates are partial.
  function context(c) {
    const root = document.documentElement;
    if (c.theme === "light" || c.theme === "dark") root.dataset.theme = c.theme;
    const variables = (c.styles && c.styles.variables) || {};
    for (const [name, value] of Object.entries(variables)) {
      if (/^--[a-z0-9-]+$/.test(name) && typeof value === "string") root.style.setProperty(name, value);
    }
  }

  async function start() {
    if (window.parent === window) return alone();
    const patience = setTimeout(alone, 4000);
    try {
      const r = await request("ui/initialize", {
        appInfo: { name: "pitwall-tearsheet", version: "1" },
        appCapabilities: { availableDisplayModes: ["inline", "fullscreen"] },
        protocolVersion: "2026-01-26",
      });
      clearTimeout(patience);
      context(r.hostContext || {});
      $("refresh").hidden = !(r.hostCapabilities && r.hostCapabilities.serverTools);
      if (!data) say("Waiting for figures …");
      notify("ui/notifications/initialized");
      resized();
    } catch (e) {
      clearTimeout(patience);
      say("The host refused to start this view: " + e.message, true);
    }
  }

  function alone() {
    if (!data) say("No host answered. This page shows Pitwall's tear sheet inside of an MCP host that shows apps; elsewhere the text of " + TOOL + " has the same figures.");
  }

  $("refresh").addEventListener("click", async () => {
    $("refresh").disabled = true;
    try {
      shown(await request("tools/call", { name: TOOL, arguments: { ...input, picture: false } }));
    } catch (e) {
      say("Refreshing failed: " + e.message, true);
    }
    $("refresh").disabled = false;
  });

  let size = "";
  function resized() {
    const width = Math.ceil(document.documentElement.scrollWidth), height = Math.ceil(document.body.getBoundingClientRect().height);
    if (size === width + "x" + height) return;
    size = width + "x" + height;
    notify("ui/notifications/size-changed", { width, height });
  }

  // --- figures ---

  const number = v => typeof v === "number" && isFinite(v);
  const sign = v => (v < 0 ? "−" : "+");
  function percent(v) {
    if (!number(v)) return "–";
    const x = Math.abs(v) * 100, text = x >= 1000 ? Math.round(x).toLocaleString("en-US") : x.toFixed(x >= 100 ? 1 : 2);
    return (Number(text.replace(/,/g, "")) === 0 ? "" : sign(v)) + text + "\u00a0%";
  }
  // Cut and not rounded, as on the page: 99.6 % is not all.
  const chance = v => (number(v) ? (v > 0 && v < 0.01 ? "under 1" : Math.floor(v * 100 + 1e-9)) + "\u00a0%" : "–");
  const whole = v => (number(v) ? Math.round(v * 100) + "\u00a0%" : "–");
  const minus = s => (/[1-9]/.test(s) ? s.replace("-", "−") : s.replace("-", "")); // no minus before a zero
  const money = v => (number(v) ? minus(v.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })) : "–");
  const plain = (v, places = 2) => (number(v) ? minus(v.toFixed(places)) : "–");
  // Four digits after the point, and all eight of a price under 1.
  const amount = v => (number(v) ? minus(v.toLocaleString("en-US", { maximumFractionDigits: Math.abs(v) < 1 ? 8 : 4 })) : "–");
  const day = t => new Date(t * 1000).toISOString().slice(0, 10);
  const clock = s => String(s || "").slice(0, 16).replace("T", " ");
  // Control characters say nothing and may break a line's order.
  function text(s, most = 400) {
    const t = String(s === undefined || s === null ? "" : s).replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+/g, " ").trim();
    return t.length > most ? t.slice(0, most - 1) + "…" : t;
  }

  function element(tag, words, className) {
    const e = document.createElement(tag);
    if (words !== undefined) e.textContent = words;
    if (className) e.className = className;
    return e;
  }

  function say(words, bad) {
    $("status").textContent = text(words);
    $("status").className = bad ? "bad" : "";
    $("status").hidden = !words;
  }

  // shown is result of an answer that may be anything.
  function shown(r) {
    try {
      result(r);
    } catch (e) {
      data = null;
      $("body").hidden = true;
      say("The answer cannot be shown: " + e.message, true);
      resized();
    }
  }

  function result(r) {
    const s = r.structuredContent;
    const words = (r.content || []).filter(c => c.type === "text").map(c => c.text).join("\n");
    if (r.isError || !s || !s.run) {
      say(r.isError ? "The tool answered with an error." : "The answer has no figures.", true);
      $("plain").textContent = words;
      $("plain").hidden = !words;
      return resized();
    }
    data = s;
    say("");
    $("plain").hidden = true;
    $("body").hidden = false;
    $("name").textContent = text(s.run.name, 80) || "Tear sheet";
    const symbols = (s.run.symbols || []).map(x => text(x, 24)), many = symbols.length > 6;
    $("about").textContent = [s.mode, s.run.from && s.run.from + " to " + s.run.to, symbols.slice(0, 6).join(", ") + (many ? " and " + (symbols.length - 6) + " more" : ""),
      s.run.attempt > 1 && "attempt " + s.run.attempt, "as of " + clock(s.as_of)].filter(Boolean).map(x => text(x)).join(" · ");
    tiles(s);
    draw();
    table("positions", s.positions, "Nothing is held.", [
      ["Symbol", p => text(p.symbol, 24)], ["Quantity", p => amount(p.qty)], ["Price", p => amount(p.last)], ["Value", p => money(p.value)], ["Gain", p => money(p.unrealized), p => p.unrealized]]);
    table("fills", (s.fills || []).slice().reverse(), "No order has filled yet.", [
      ["Symbol", f => text(f.symbol, 24)], ["Time", f => text(clock(f.time))], ["Side", f => text(f.side, 8)], ["Quantity", f => amount(f.qty)], ["Price", f => amount(f.price)], ["Fee", f => money(f.fee)]]);
    list("warnings", s.warnings);
    list("notes", (s.notes || []).concat(s.omitted || []));
    resized();
  }

  function tiles(s) {
    const other = s.benchmark || s.buy_and_hold, name = s.benchmark ? text(s.run.benchmark, 24) : "buy and hold";
    const versus = key => (other ? name + " " + percent(other[key]) : "");
    const t = s.trading || {}, luck = s.luck || {}, random = luck.random_trader;
    const rows = [
      ["Return", percent(s.strategy.total_return), versus("total_return"), s.strategy.total_return],
      ["Largest drawdown", percent(-Math.abs(s.strategy.max_drawdown ?? NaN)), versus("max_drawdown")],
      ["Sharpe ratio", plain(s.strategy.sharpe), s.strategy.few_periods ? "few days: says little" : s.strategy.days + " days"],
      ["Closed trades", String(t.closed ?? "–"), number(t.win_rate) ? whole(t.win_rate) + " won" : ""],
      ["Costs", money((s.costs.commission || 0) + (s.costs.slippage || 0)), "commission and slippage"],
    ];
    if (random) rows.push(["Beats random traders", chance(random.beaten), "90 % end " + percent(random.low) + " to " + percent(random.high) + (random.telling === false ? "; it says little here" : "")]);
    $("tiles").replaceChildren(...rows.map(([label, value, beside, tone]) => {
      const box = element("div");
      box.append(element("dt", label), element("dd", value, "big" + (number(tone) && tone ? (tone < 0 ? " bad" : " good") : "")));
      if (beside) box.append(element("dd", beside, "beside"));
      return box;
    }));
  }

  function table(where, rows, none, columns) {
    if (!rows || !rows.length) return $(where).replaceChildren(element("p", none, "soft"));
    const t = element("table"), head = element("tr");
    for (const [label] of columns) head.append(element("th", label));
    t.append(head);
    for (const row of rows) {
      const tr = element("tr");
      for (const [, show, tone] of columns) {
        const v = tone && tone(row);
        tr.append(element("td", show(row), v ? (v < 0 ? "bad" : "good") : ""));
      }
      t.append(tr);
    }
    $(where).replaceChildren(t);
  }

  function list(where, lines) {
    $(where + "Part").hidden = !lines || !lines.length;
    $(where).replaceChildren(...(lines || []).map(x => element("li", text(x))));
  }

  // --- the chart ---

  function node(tag, attributes, words) {
    const e = document.createElementNS(SVG, tag);
    for (const [k, v] of Object.entries(attributes)) e.setAttribute(k, v);
    if (words !== undefined) e.textContent = words;
    return e;
  }

  function step(v) {
    const power = 10 ** Math.floor(Math.log10(v));
    return [1, 2, 5, 10].find(k => k * power >= v) * power;
  }

  function draw() {
    const c = data.curve, n = c.time.length;
    $("figure").hidden = n === 0;
    if (!n) return;
    const width = Math.max(260, $("chart").clientWidth), height = Math.round(Math.min(300, Math.max(170, width * 0.42)));
    const lines = [["strategy", "Strategy", c.strategy], ["benchmark", text(data.run.benchmark, 24), c.benchmark], ["hold", "Buy and hold", c.buy_and_hold]]
      .filter(l => l[2] && l[2].length);
    const random = data.luck && data.luck.random_trader;
    const values = lines.flatMap(l => l[2]).concat(0);
    let low = Math.min(...values), high = Math.max(...values);
    if (random) { // as much of it as leaves the curves most of the height
      const more = (high - low) / 2;
      [low, high] = [Math.min(low, Math.max(random.low, low - more)), Math.max(high, Math.min(random.high, high + more))];
    }
    if (high - low < 0.002) { low -= 0.005; high += 0.005; }
    const pad = (high - low) * 0.06, left = 46, right = width - (random ? 24 : 8), top = 6, bottom = height - 20;
    low -= pad; high += pad;
    const from = c.time[0], span = c.time[n - 1] - from;
    const x = t => (span ? left + (right - left) * (t - from) / span : (left + right) / 2);
    const y = v => bottom - (bottom - top) * (v - low) / (high - low);
    const svg = node("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "img", "aria-label": "Return over time: strategy " + percent(c.strategy[n - 1]) });
    if (random) {
      const inside = v => Math.min(bottom, Math.max(top, y(v)));
      svg.append(node("rect", { class: "band", x: right + 10, width: 8, y: inside(random.high), height: Math.max(1, inside(random.low) - inside(random.high)) }),
        node("line", { class: "median", x1: right + 8, x2: right + 20, y1: inside(random.median), y2: inside(random.median) }));
    }
    const unit = step((high - low) / 5);
    for (let k = Math.ceil(low / unit); k * unit <= high; k++) {
      const at = y(k * unit);
      svg.append(node("line", { class: k ? "grid" : "zero", x1: left, x2: right, y1: at, y2: at }),
        node("text", { x: left - 6, y: at + 4, "text-anchor": "end" }, (k < 0 ? "−" : "") + (Math.abs(k * unit) * 100).toFixed(unit < 0.001 ? 2 : unit < 0.01 ? 1 : 0) + " %"));
    }
    const marks = span ? Math.max(2, Math.min(6, Math.floor(width / 120))) : 1;
    for (let i = 0; i < marks; i++) {
      const t = from + (marks > 1 ? span * i / (marks - 1) : 0);
      svg.append(node("text", { x: x(t), y: height - 5, "text-anchor": marks === 1 ? "middle" : i === 0 ? "start" : i === marks - 1 ? "end" : "middle" }, span < 2 * 86400 && i ? new Date(t * 1000).toISOString().slice(11, 16) : day(t)));
    }
    const path = v => v.map((r, i) => (i ? "L" : "M") + x(c.time[i]).toFixed(1) + " " + y(r).toFixed(1)).join("");
    if (n > 1) svg.append(node("path", { class: "under", d: path(c.strategy) + `L${right} ${y(0)}L${left} ${y(0)}Z` }));
    for (const [name, , v] of lines.slice().reverse()) svg.append(node("path", { class: name, d: path(v) }));
    svg.append(node("circle", { class: "dot", r: 4, cx: x(c.time[n - 1]), cy: y(c.strategy[n - 1]) }));
    const cross = node("line", { class: "cross", y1: top, y2: bottom, visibility: "hidden" });
    svg.append(cross);
    svg.addEventListener("pointermove", e => {
      const box = svg.getBoundingClientRect(), t = from + span * ((e.clientX - box.left) * width / box.width - left) / (right - left);
      let i = c.time.findIndex(v => v >= t);
      if (i < 0) i = n - 1;
      if (i > 0 && t - c.time[i - 1] < c.time[i] - t) i--;
      for (const k of ["x1", "x2"]) cross.setAttribute(k, x(c.time[i]));
      cross.setAttribute("visibility", "visible");
      $("reading").textContent = day(c.time[i]) + "  " + lines.map(l => l[1] + " " + percent(l[2][i])).join("  ");
    });
    svg.addEventListener("pointerleave", () => { cross.setAttribute("visibility", "hidden"); $("reading").textContent = ""; });
    $("chart").replaceChildren(svg);
    $("legend").replaceChildren(...lines.map(([name, label]) => element("span", label, "k-" + name)));
    if (random) $("legend").append(element("span", "90 % of random traders end in here", "k-band"));
  }

  let wide = 0;
  new ResizeObserver(() => {
    if (data && $("chart").clientWidth !== wide) { wide = $("chart").clientWidth; draw(); }
    if (window.parent !== window) resized();
  }).observe(document.body);
  start();
})();
