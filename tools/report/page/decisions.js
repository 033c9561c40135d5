"use strict";
// The list of decisions: what a turn opens into, filters, the search over all text,
// and addresses of turns and trades. page.js comes before it.
const list = $("#turns");
let index = { rows: [], shared: [] }, shown = [], from = 0, to = STEP;
let query = "", hits = null; // hits: row -> [count, snippet], null without a search
const blocks = new Map(); // block -> promise of its bodies
const texts = new Map(); // block -> promise of its turns' text
const unpacked = async (n) => {
  const b = await inflate("turns-" + n);
  for (const t of b.turns) for (const p of t.parts) p.t = b.texts[p.t];
  return b.turns;
};
const bodies = (n) => {
  if (!blocks.has(n)) {
    if (blocks.size > 8) blocks.delete(blocks.keys().next().value);
    blocks.set(n, unpacked(n));
  }
  return blocks.get(n);
};

const pre = (text, cls) => {
  const p = el("pre", cls || "", text);
  p.tabIndex = 0;
  return p;
};
const titles = { context: "Context", reasoning: "Reasoning", reply: "Reply", call: "Call", result: "Result", error: "Result, an error" };
const fold = (title, text) => el("details", "", el("summary", "", title), pre(text));
const draw = async (row, box) => {
  if (row.b < 0) return box.append(el("p", "empty", "This turn has no record that can be read."));
  const t = (await bodies(row.b))[row.i];
  const facts = [t.model && "model " + t.model, t.why && "its turn came by: " + t.why].filter(Boolean).join(", ");
  if (facts) box.append(el("p", "note", facts));
  if (t.error) box.append(el("h4", "", "Error"), pre(t.error, "error"));
  for (const [kind, detail] of t.warnings || []) box.append(el("p", "bad", "Warning " + kind + (detail ? ": " + detail : "")));
  if (t.fills) box.append(el("h4", "", "What became of its orders"), ...t.fills.map((f) => {
    const p = el("p", "fill", f.t);
    for (const n of f.r || []) p.append(", ", link("#trade-" + n, "trade " + n));
    if (f.c) p.append(", ", link(f.c, "on the chart"));
    return p;
  }));
  for (const [i, title] of [[t.system, "Prompt (system)"], [t.tools, "Tools"], [t.params, "Parameters"]]) {
    if (i >= 0) box.append(fold(title, indent(index.shared[i])));
  }
  for (const p of t.parts) {
    if (p.k === "reasoning") { box.append(fold("Reasoning", p.t)); continue; }
    if (p.k === "desk") { box.append(el("p", "desk", el("b", "", p.n), " " + p.t)); continue; }
    const h = el("h4", "", titles[p.k] || p.k);
    if (p.n) h.append(" ", el("b", "", p.n));
    box.append(h);
    if (p.t && p.t !== "{}") box.append(pre(p.k === "reply" || p.k === "context" ? p.t : indent(p.t), p.k));
  }
  if (t.output) box.append(el("h4", "", "Output"), pre(indent(t.output)));
  paint(box);
};

// paint marks the searched words in what is open.
const ranges = new Set();
const paint = (box) => {
  if (!query || !CSS.highlights) return;
  const walk = document.createTreeWalker(box, NodeFilter.SHOW_TEXT);
  for (let n; (n = walk.nextNode());) {
    const text = n.data.toLowerCase();
    for (let i = text.indexOf(query); i >= 0 && i + query.length <= n.length; i = text.indexOf(query, i + query.length)) {
      const r = new Range();
      r.setStart(n, i);
      r.setEnd(n, i + query.length);
      ranges.add(r);
    }
  }
  CSS.highlights.set("hit", new Highlight(...ranges));
};

const failed = (row) => !["", "ordered", "no_action"].includes(row.s);
const line = (row) => {
  const counts = [row.c + (row.c === 1 ? " call" : " calls")];
  if (row.o) counts.push(row.o + (row.o === 1 ? " order" : " orders"));
  const status = el("span", failed(row) ? "bad" : "", row.s.replaceAll("_", " "));
  const small = el("span", "counts", counts.join(", "));
  if (row.w) small.append(", ", el("span", "bad", row.w + (row.w === 1 ? " warning" : " warnings")));
  const result = row.r.length > 240 ? row.r.slice(0, 240) + "\u2026" : row.r;
  const summary = el("summary", "", el("span", "n", String(row.n)), el("span", "at", row.t.slice(0, 16).replace("T", " ")), el("span", "", row.a + " ", status), small, el("span", "result", result));
  const hit = hits && hits.get(row);
  if (hit && hit[1]) summary.append(el("span", "snippet", hit[1][0], el("mark", "", hit[1][1]), hit[1][2]));
  const d = el("details", "turn", summary);
  d.id = "turn-" + row.n;
  d.addEventListener("toggle", () => {
    if (d.open && !d.drawn) {
      const box = el("div", "body");
      d.drawn = draw(row, box).catch((e) => box.append(el("p", "bad", "This turn cannot be unpacked: " + e.message))).then(() => d.append(box));
    }
  });
  return d;
};

const say = (text) => { $("#count").textContent = text; };
const render = () => {
  ranges.clear();
  list.replaceChildren(...shown.slice(from, to).map(line));
  $("#earlier").hidden = from === 0;
  $("#later").hidden = to >= shown.length;
  $("#later").textContent = `Show more turns (${Math.max(0, shown.length - to)} further)`;
};
const select = () => {
  const status = $("#status").value, agent = $("#agent").value;
  shown = index.rows.filter((r) => (!hits || hits.has(r)) && (!agent || r.a === agent) &&
    (!status || (status === "+ordered" ? r.o > 0 : status === "+warnings" ? r.w > 0 : status === "+errors" ? failed(r) : r.s === status)));
  [from, to] = [0, STEP];
  render();
  const n = shown.reduce((sum, r) => sum + (hits ? hits.get(r)[0] : 0), 0);
  const part = shown.length === index.rows.length ? `${shown.length} turns` : `${shown.length} of ${index.rows.length} turns`;
  say(hits ? `${n} ${n === 1 ? "hit" : "hits"} in ${part}` : part);
};

// Letters that JSON in a result writes by number are searched as letters.
const letters = (s) => !s || !s.includes("\\u") ? s : s.replace(/\\u([0-9a-f]{4})/gi, (all, hex) => {
  const c = String.fromCharCode(parseInt(hex, 16));
  return /^[\p{L}\p{N}&<>']$/u.test(c) ? c : all;
});
// Search: all text of a turn, block by block, so that the page stays alive.
const textOf = (row, t) => [row.n, row.t, row.a, row.s, row.r, t.model, t.why, t.error, t.output, ...(t.warnings || []).flat(),
  ...t.parts.flatMap((p) => [p.n, letters(p.t)]), ...(t.fills || []).map((f) => f.t)].filter((s) => s !== undefined && s !== "").join("\n");
const find = (row, text, found) => {
  const low = text.toLowerCase();
  let n = 0, first = -1;
  for (let i = low.indexOf(query); i >= 0; i = low.indexOf(query, i + query.length)) {
    if (n++ === 0) first = i;
  }
  if (!n) return;
  const whole = low.length === text.length ? text : low, end = first + query.length;
  const cut = (s) => s.replace(/\s+/g, " ");
  found.set(row, [n, [(first > 40 ? "\u2026" : "") + cut(whole.slice(Math.max(0, first - 40), first)), whole.slice(first, end), cut(whole.slice(end, end + 80)) + "\u2026"]]);
};
const listed = (r) => [r.n, r.t, r.a, r.s, r.r].join("\n"); // what the list shows of a turn
let round = 0, unread = 0; // turns whose block cannot be unpacked
const search = async () => {
  const mine = ++round;
  query = $("#query").value.trim().toLowerCase();
  if (!query) { hits = null; select(); return; }
  const found = new Map(), byBlock = new Map();
  for (const r of index.rows) byBlock.set(r.b, (byBlock.get(r.b) || []).concat([r]));
  let done = 0, rest = performance.now();
  for (const [b, rows] of byBlock) {
    if (!texts.has(b)) {
      texts.set(b, b < 0 ? Promise.resolve(rows.map(listed))
        : unpacked(b).then((list) => rows.map((r) => textOf(r, list[r.i])), () => { unread += rows.length; return rows.map(listed); }));
    }
    const all = await texts.get(b);
    if (mine !== round) return; // a newer search is under way
    rows.forEach((r, i) => find(r, all[i], found));
    done += rows.length;
    if (performance.now() - rest > 50) {
      say(`Searched ${done} of ${index.rows.length} turns, found ${found.size}`);
      await new Promise((next) => setTimeout(next));
      rest = performance.now();
      if (mine !== round) return;
    }
  }
  hits = found;
  select();
  if (unread) say(`${$("#count").textContent}; of ${unread} turns only what the list shows can be read`);
  const inPrompt = index.shared.some((s) => s.toLowerCase().includes(query));
  if (inPrompt) say($("#count").textContent + "; it is also in a system prompt, list of tools or parameters that turns share");
};

// go opens the turn or trade that the address names.
const go = async () => {
  const turn = /^#turn-(\d+)$/.exec(location.hash), trade = /^#trade-(\d+)$/.exec(location.hash);
  document.querySelectorAll(".found").forEach((e) => e.classList.remove("found"));
  if (trade) {
    if (!document.getElementById(location.hash.slice(1))) await allTrades();
    const tr = document.getElementById(location.hash.slice(1));
    if (tr) { tr.classList.add("found"); tr.scrollIntoView({ block: "center" }); }
  }
  if (!turn || !list) return;
  const is = (r) => r.n === Number(turn[1]);
  if (shown.findIndex(is) < 0) {
    if (index.rows.findIndex(is) < 0) { say(`There is no turn ${turn[1]}.`); return; }
    for (const s of ["#query", "#status", "#agent"]) $(s).value = "";
    [hits, query] = [null, ""];
    select();
  }
  const i = shown.findIndex(is);
  if (i < from || i >= to) { [from, to] = [Math.max(0, i - 20), i - 20 + STEP]; render(); }
  const d = document.getElementById("turn-" + turn[1]);
  d.open = true;
  d.dispatchEvent(new Event("toggle"));
  await d.drawn;
  d.classList.add("found");
  d.scrollIntoView({ block: "start" });
  d.querySelector("summary").focus({ preventScroll: true });
};
window.addEventListener("hashchange", go);
document.addEventListener("click", (e) => {
  const a = e.target.closest && e.target.closest("a");
  if (a && a.getAttribute("href") === location.hash) { e.preventDefault(); go(); } // a second click on the same link
});

// start shows the list, when the run has turns.
const start = async () => {
  if (!list) return go();
  let timer;
  $("#query").addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(search, 200); });
  $("#filter").addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(timer); search(); });
  $("#status").addEventListener("change", select);
  $("#agent").addEventListener("change", select);
  $("#later").addEventListener("click", () => { to += STEP; render(); });
  $("#earlier").addEventListener("click", () => { from = Math.max(0, from - STEP); render(); });
  index = await inflate("index");
  select();
  performance.mark("ready");
  document.documentElement.dataset.ready = "1";
  return go();
};
start().catch((e) => {
  // An old browser, or a file that was cut: the rest of the page stands.
  if (list) say("The decisions cannot be unpacked here: " + e.message);
  else throw e;
});
