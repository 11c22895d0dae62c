// The little that the pages need beyond htmx: keys, theme, drawer, true ages, quiet refresh, healing connection.
(() => {
  "use strict";
  const root = document.documentElement;
  const $ = (selector, within = document) => within.querySelector(selector);
  const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

  // --- the tower's clock, which in a demo runs faster than ours
  const [real, virtual, speed] = ($('meta[name="tower-clock"]')?.content || "0 0 1").split(" ").map(Number);
  const towerNow = () => virtual + (Date.now() / 1000 - real) * speed;

  function words(seconds) {
    const total = Math.floor(Math.abs(seconds));
    if (total < 120) return `${total} s`;
    const minutes = Math.floor(total / 60), hours = Math.floor(total / 3600), days = Math.floor(total / 86400);
    if (minutes < 60) return `${minutes} min`;
    if (hours < 24) return minutes % 60 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
    return hours % 24 ? `${days} d ${hours % 24} h` : `${days} d`;
  }
  function ago(moment) {
    const gap = towerNow() - Date.parse(moment) / 1000;
    if (Math.abs(gap) < 5) return "just now";
    return gap < 0 ? `in ${words(gap)}` : `${words(gap)} ago`;
  }
  function freshenAges() {
    for (const age of $$("time[data-ago]")) age.textContent = ago(age.dateTime);
    for (const age of $$("time[data-age]")) age.textContent = words(towerNow() - Date.parse(age.dateTime) / 1000);
  }
  document.addEventListener("mouseover", (event) => {
    const time = event.target.closest?.("time[data-tip]");
    if (time) time.title = time.title.replace(/ · .*$/, ` · ${ago(time.dateTime)}`);
  });
  setInterval(() => document.hidden || freshenAges(), speed > 10 ? 2000 : 10000);

  // --- theme: the server reads the cookie, so the next page is painted right at once
  document.addEventListener("change", (event) => {
    if (event.target.name === "theme") {
      root.dataset.theme = event.target.value;
      document.cookie = `theme=${event.target.value}; path=/; max-age=31536000; samesite=lax`;
      document.dispatchEvent(new Event("theme"));
    }
    if (event.target.matches("select[data-submit]")) event.target.form.requestSubmit();
    const form = event.target.closest("form[data-autosubmit]");
    if (form && event.target.matches("select, input[type=checkbox], input[type=radio], input[type=datetime-local]")) submitNeatly(form);
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("form[data-autosubmit]")) { event.preventDefault(); submitNeatly(event.target); }
    const question = event.submitter?.dataset.confirm;
    if (question && !window.confirm(question)) event.preventDefault();
  });
  // Empty fields stay out of the URL, so that a link sent to a colleague is short.
  function submitNeatly(form) {
    const fields = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== ""));
    const url = new URL(form.getAttribute("action") || location.pathname, location.href);
    url.search = fields.toString();
    location.assign(url);
  }

  // --- drawer on a phone
  function drawer(open) {
    root.classList.toggle("drawer", open);
    $('[data-drawer="open"]')?.setAttribute("aria-expanded", open);
    (open ? $(".nav a") : $('[data-drawer="open"]'))?.focus();
  }
  document.addEventListener("click", (event) => {
    const knob = event.target.closest("[data-drawer]");
    if (knob) drawer(knob.dataset.drawer === "open");
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
    const copy = event.target.closest("[data-copy]");
    if (copy) navigator.clipboard?.writeText(copy.dataset.copy).then(() => { copy.dataset.copied = ""; });
    // Anywhere on a row opens what its key links to, except on its other links and buttons.
    const row = event.target.closest("tr[data-href]");
    if (row && !event.target.closest("a, button, input, label, summary") && !getSelection().toString()) location.assign(row.dataset.href);
  });

  // --- keys: "/" searches, j and k or the arrows walk a table, Enter opens
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (root.classList.contains("drawer")) drawer(false);
      const menu = $("details.menu[open]") || event.target.closest?.("details.pop[open]");
      if (menu) { menu.open = false; $("summary", menu).focus(); }
      if (event.target.id === "search") event.target.blur();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (event.key === "/") { const search = $("#search"); if (search) { event.preventDefault(); search.focus(); search.select(); } }
    const step = { j: 1, ArrowDown: 1, k: -1, ArrowUp: -1 }[event.key];
    const inTable = event.target.closest("tbody");
    if (step && (event.key.length === 1 || inTable)) walk(step, event);
  });
  function walk(step, event) {
    const keys = $$("table[data-walk] tbody a.key");
    if (!keys.length) return;
    const at = keys.indexOf(document.activeElement.closest("tr") ? $("a.key", document.activeElement.closest("tr")) : null);
    event.preventDefault();
    keys[Math.max(0, Math.min(keys.length - 1, at + step))].focus();
  }

  // --- refresh: only while seen, never under an open form or a selection, and 304 costs no redraw
  const tags = new WeakMap();
  const busy = (region) => document.hidden || region.contains(document.activeElement?.closest?.("input, select, textarea")) ||
    region.querySelector("details[open] form") || (!getSelection().isCollapsed && region.contains(getSelection().anchorNode));
  document.addEventListener("htmx:beforeRequest", (event) => {
    const region = event.detail.elt;
    if (region.hasAttribute("data-refresh") && busy(region)) event.preventDefault();
  });
  document.addEventListener("htmx:configRequest", (event) => {
    const tag = tags.get(event.detail.elt);
    if (tag) event.detail.headers["If-None-Match"] = tag;
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    const { elt, xhr, successful } = event.detail;
    if (successful && elt.hasAttribute("data-refresh")) tags.set(elt, xhr.getResponseHeader("ETag"));
    if (xhr.status) connection(xhr.status < 502 || xhr.status > 504);
  });
  // Scroll, ticks and focus stay as they are: what a swap would lose is put back after it.
  let places = [], ticked = [];
  document.addEventListener("htmx:beforeSwap", (event) => {
    ticked = $$("input[type=checkbox][name=id]:checked", event.detail.target).map((box) => box.value);
    places = $$("[data-keep-scroll]", event.detail.target).map((box) => [box.id, box.scrollLeft, box.scrollTop]);
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, left, top] of places) { const box = document.getElementById(id); if (box) { box.scrollLeft = left; box.scrollTop = top; } }
    for (const value of ticked) { const box = $(`input[name=id][value="${CSS.escape(value)}"]`); if (box) box.checked = true; }
    freshenAges();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && window.htmx) for (const region of $$("[data-refresh]")) window.htmx.trigger(region, "shown");
  });

  // --- connection lost, and found again
  let lostAt = null;
  function connection(good) {
    const banner = $("#lost");
    if (!banner) return;
    if (good) { lostAt = null; banner.hidden = true; return; }
    lostAt ??= new Date();
    $("#lost-since").textContent = lostAt.toLocaleTimeString([], { hour12: false });
    banner.hidden = false;
  }
  document.addEventListener("htmx:sendError", () => connection(false));
  document.addEventListener("htmx:timeout", () => connection(false));
  document.addEventListener("htmx:responseError", (event) => {
    const { xhr, elt } = event.detail;
    if (elt.hasAttribute("data-refresh") || !xhr.responseText || xhr.status >= 502) return;
    const line = document.createElement("p");
    line.className = "notice bad";
    line.textContent = xhr.responseText.slice(0, 300);
    $("#notices")?.replaceChildren(line);
  });

  // Links that change only the list keep the place on the page.
  document.addEventListener("click", (event) => {
    if (event.target.closest("a[data-stay]")) sessionStorage.setItem("stay", String(scrollY));
  });
  const stay = sessionStorage.getItem("stay");
  if (stay !== null) { sessionStorage.removeItem("stay"); scrollTo(0, Number(stay)); }
  freshenAges();
})();
