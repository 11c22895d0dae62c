// Draws each figure of the page with Plotly, in the colours of the theme; a click on a mark opens what it is made of.
(() => {
  "use strict";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  function coloured(part) {
    if (typeof part === "string") return part.startsWith("--") ? css(part) : part;
    if (Array.isArray(part)) return part.map(coloured);
    if (part && typeof part === "object") return Object.fromEntries(Object.entries(part).map(([key, held]) => [key, coloured(held)]));
    return part;
  }
  const axis = () => ({ gridcolor: css("--line"), linecolor: css("--line-2"), zeroline: false, tickfont: { color: css("--ink-2") } });
  const look = () => ({
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: css("--font"), size: 12, color: css("--ink") },
    hoverlabel: { bgcolor: css("--raised"), bordercolor: css("--line-2"), align: "left", font: { family: css("--font"), size: 12, color: css("--ink") } },
  });
  // Where a person has zoomed stays while the page refreshes itself.
  const seen = new Map();
  const drawn = new Map();
  function draw(source) {
    const box = document.getElementById(source.dataset.chart);
    const wanted = source.textContent + css("--ink");
    if (!box || !window.Plotly || drawn.get(box) === wanted) return;
    drawn.set(box, wanted);
    const figure = coloured(JSON.parse(source.textContent));
    const layout = { ...look(), ...figure.layout, uirevision: "kept" };
    for (const name of ["xaxis", "yaxis"]) layout[name] = { ...axis(), ...layout[name], ...(name === "xaxis" ? seen.get(box.id) : {}) };
    layout.legend = { ...layout.legend, font: { color: css("--ink-2") } };
    window.Plotly.react(box, figure.data, layout, { displaylogo: false, responsive: true, scrollZoom: false, modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "toImage"] });
    if (box.dataset.wired) return;
    box.dataset.wired = "";
    box.on("plotly_click", ({ points }) => { const url = points[0]?.customdata; if (url) location.assign(url); });
    box.on("plotly_relayout", (change) => {
      const from = change["xaxis.range[0]"], to = change["xaxis.range[1]"];
      if (from) seen.set(box.id, { range: [from, to] }); else if (change["xaxis.autorange"]) seen.delete(box.id);
    });
  }
  const drawAll = () => document.querySelectorAll("script[data-chart]").forEach(draw);
  document.addEventListener("htmx:afterSwap", drawAll);
  document.addEventListener("theme", drawAll);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  drawAll();
})();
