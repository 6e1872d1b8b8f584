"use strict";
// What every page draws with: colours of the style sheet, the layout of a chart, and the curve.
const data = JSON.parse(document.getElementById("data").textContent);
const all = (query) => Array.from(document.querySelectorAll(query));
const chart = (name) => document.getElementById(name + "-chart");

function colours() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue("--" + name).trim();
  return Object.fromEntries(
    ["card", "ink", "soft", "faint", "line", "grid", "accent", "hold", "up", "down", "warn"].map((n) => [n, read(n)])
  );
}

function faded(colour, alpha) {
  const n = parseInt(colour.slice(1), 16);
  return `rgba(${n >> 16},${(n >> 8) & 255},${n & 255},${alpha})`;
}

function layout(c, more) {
  const axis = {
    gridcolor: c.grid, linecolor: c.line, zerolinecolor: c.line, tickcolor: c.line,
    tickfont: { color: c.soft, size: 12 },
  };
  const filled = {};
  for (const [key, value] of Object.entries(more)) {
    const own = /^y/.test(key) ? { ...axis, automargin: true } : axis;
    filled[key] = /^[xy]axis/.test(key) ? { ...own, ...value } : value;
  }
  return {
    paper_bgcolor: c.card, plot_bgcolor: c.card, margin: { l: 70, r: 12, t: 30, b: 42 },
    font: { family: getComputedStyle(document.body).fontFamily, color: c.ink, size: 13 },
    hoverlabel: { bgcolor: c.card, bordercolor: c.line, font: { color: c.ink, size: 13 } },
    legend: { orientation: "h", x: 0, y: 1.0, yanchor: "bottom", font: { color: c.soft } },
    showlegend: true, dragmode: "zoom", ...filled,
  };
}

const config = {
  displaylogo: false, responsive: true,
  // A narrow page has no room for buttons beside the legend.
  displayModeBar: matchMedia("(max-width: 640px)").matches ? false : "hover",
  // Only buttons that stay on the page: some of the others lead to a web service.
  modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
};

const time = { type: "date", hoverformat: "%Y-%m-%d %H:%M UTC", showspikes: false };

function titled(text, c) {
  return { text, font: { size: 12, color: c.soft } };
}

// Plotly reads a little HTML in labels: text that others wrote is shown as it is.
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

function pressed(name, value) {
  all(`[data-${name}]`).forEach((b) => b.setAttribute("aria-pressed", String(b.dataset[name] === value)));
}

// Equity above, the hold beside it where there is one, and the drawdown below.
function drawCurve(c, name, scale) {
  const quote = plain(data.quote);
  const amount = "%{y:,.2f} " + quote;
  const hold = data.hold
    ? [{ name: "Buy and hold", x: data.hold.t, y: data.hold.y, line: { color: c.hold, width: 1.3 }, hovertemplate: amount }]
    : [];
  const traces = [
    ...hold,
    { name, x: data.equity.t, y: data.equity.y, line: { color: c.accent, width: 2 }, hovertemplate: amount },
    {
      name: "Drawdown", x: data.drawdown.t, y: data.drawdown.y, yaxis: "y2", fill: "tozeroy", showlegend: false,
      fillcolor: faded(c.down, 0.18), line: { color: c.down, width: 1 }, hovertemplate: "%{y:.2%}",
    },
  ].map((trace) => ({ type: "scatter", mode: "lines", ...trace }));
  return Plotly.react(chart("equity"), traces, layout(c, {
    hovermode: "x unified", hoversubplots: "axis",
    xaxis: { ...time, anchor: "y2" },
    yaxis: {
      domain: [0.32, 1], type: scale, tickformat: ",.4~r", hoverformat: ",.2f", title: titled("Equity, " + quote, c),
    },
    yaxis2: {
      domain: [0, 0.26], tickformat: ".1~%", nticks: 4, rangemode: "tozero",
      range: [Math.min(-0.01, ...data.drawdown.y.map((y) => y * 1.05)), 0], title: titled("Drawdown", c),
    },
  }), config);
}

// The switch above the curve between a linear and a logarithmic axis.
function scaleSwitch(state) {
  all("[data-scale]").forEach((b) => b.addEventListener("click", () => {
    state.scale = b.dataset.scale;
    pressed("scale", state.scale);
    Plotly.relayout(chart("equity"), { "yaxis.type": state.scale, "yaxis.autorange": true });
  }));
}
