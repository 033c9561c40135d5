"use strict";
// What the page's scripts share, and tables that sort. All text of a run is set as
// text, never as HTML, and all links lead into this page.
const STEP = 200; // turns or trades that are shown at once
const $ = (s) => document.querySelector(s);
const el = (tag, cls, ...kids) => {
  const e = document.createElement(tag);
  if (cls) e.className = cls;
  e.append(...kids);
  return e;
};
const link = (hash, text) => {
  const a = el("a", "", text);
  if (hash.startsWith("#")) a.href = hash;
  return a;
};

// unpack reads Ascii85 with v in the place of <: five letters are four bytes.
const unpack = (s) => {
  const out = new Uint8Array(s.length * 4); // z is four zeros
  let n = 0, group = 0, have = 0;
  const put = (v, count) => { for (let k = 0; k < count; k++) out[n++] = v >>> (24 - 8 * k); };
  for (let i = 0; i < s.length; i++) {
    let c = s.charCodeAt(i);
    if (c === 122) { put(0, 4); continue; }
    if (c === 118) c = 60;
    group = group * 85 + c - 33;
    if (++have === 5) { put(group, 4); group = have = 0; }
  }
  if (have) {
    for (let k = have; k < 5; k++) group = group * 85 + 84;
    put(group, have - 1);
  }
  return out.subarray(0, n);
};
// inflate reads a block of JSON.
const inflate = async (name) => {
  const bytes = unpack(document.getElementById("block-" + name).textContent);
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};

// indent puts JSON on lines without reading its numbers, which may have more
// digits than a number here can hold.
const indent = (s) => {
  if (!/^\s*[[{]/.test(s) || s.length > 200000) return s;
  try { JSON.parse(s); } catch { return s; }
  let out = "", depth = 0, quoted = false;
  const line = () => { out += "\n" + "  ".repeat(depth); };
  for (let i = 0; i < s.length; i++) {
    const c = s[i];
    if (quoted) {
      out += c;
      if (c === "\\") out += s[++i];
      else if (c === '"') quoted = false;
    } else if (c === '"') { quoted = true; out += c; }
    else if (c === "{" || c === "[") {
      out += c;
      if (s[i + 1] === "}" || s[i + 1] === "]") out += s[++i];
      else { depth++; line(); }
    } else if (c === "}" || c === "]") { depth--; line(); out += c; }
    else if (c === ",") { out += c; line(); }
    else if (c === ":") out += ": ";
    else if (c.trim()) out += c;
  }
  return out;
};

// Tables: a click on a heading sorts, numbers by value, a second one turns round.
const value = (text) => {
  const n = parseFloat(text.replace(/\u2212/g, "-").replace(/[^0-9.eE-]/g, ""));
  return Number.isNaN(n) ? -Infinity : n;
};
const sorter = (table, rows, text, show) => {
  table.querySelectorAll("thead th").forEach((th, i) => {
    const numeric = th.classList.contains("num");
    const button = el("button", "", th.textContent);
    button.type = "button";
    th.replaceChildren(button);
    button.addEventListener("click", async () => {
      const up = th.getAttribute("aria-sort") === (numeric ? "descending" : "ascending");
      const ascending = numeric ? up : !up;
      const list = [...(await rows() || [])];
      if (!list.length) return;
      table.querySelectorAll("th").forEach((x) => x.removeAttribute("aria-sort"));
      th.setAttribute("aria-sort", ascending ? "ascending" : "descending");
      const sign = ascending ? 1 : -1;
      list.sort((a, b) => {
        const x = text(a, i), y = text(b, i);
        return sign * (numeric ? value(x) - value(y) || 0 : x < y ? -1 : x > y ? 1 : 0);
      });
      show(list);
    });
  });
};
for (const id of ["by-symbol", "years"]) {
  const table = document.getElementById(id);
  if (!table) continue;
  sorter(table, async () => [...table.tBodies[0].rows], (row, i) => row.cells[i].textContent, (rows) => table.tBodies[0].append(...rows));
}

// Trades: those beyond the first are in a block.
const trades = { table: $("#trades-table"), rows: null, all: !document.getElementById("block-trades") };
const tradeCell = (c, tag, kind) => {
  const td = el(tag, kind + (c.c ? " " + c.c : ""));
  if (c.f) td.append(el("details", "fold", el("summary", "", c.f), c.t));
  else td.append(c.l ? link(c.l, c.t) : c.t);
  return td;
};
const showTrades = (rows) => {
  const kinds = [...trades.table.tHead.rows[0].cells].map((th) => th.className);
  const shown = trades.all ? rows : rows.slice(0, 100);
  trades.table.tBodies[0].replaceChildren(...shown.map((row) => {
    const tr = el("tr", "");
    tr.append(...row.map((c, i) => tradeCell(c, i ? "td" : "th", kinds[i])));
    tr.id = "trade-" + row[0].t;
    return tr;
  }));
};
const loadTrades = async () => {
  try {
    return trades.rows || (trades.rows = await inflate("trades"));
  } catch (e) {
    $("#trades-more").textContent = "The trades cannot be unpacked here: " + e.message;
  }
};
const allTrades = async () => {
  const rows = await loadTrades();
  if (trades.all || !rows) return;
  trades.all = true;
  showTrades(rows);
  $("#trades-more").remove();
};
if (trades.table) {
  [...trades.table.tBodies[0].rows].forEach((tr) => { tr.id = "trade-" + tr.cells[0].textContent; });
  if (trades.all) sorter(trades.table, async () => [...trades.table.tBodies[0].rows], (row, i) => row.cells[i].textContent, (rows) => trades.table.tBodies[0].append(...rows));
  else {
    sorter(trades.table, loadTrades, (row, i) => row[i].t, (rows) => { trades.rows = rows; showTrades(rows); });
    $("#trades-more").addEventListener("click", allTrades);
  }
}
