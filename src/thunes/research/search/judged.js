// What the pages of a search and of a walk forward draw alike.

// Bars of a histogram: what is at or below zero in one colour, the rest in another.
function drawBins(c, name, bins, words) {
  if (!chart(name)) return;
  const share = (below) => bins.y.reduce((sum, y, i) => sum + (bins.below[i] === below ? y : 0), 0);
  const part = (below, label, colour) => ({
    type: "bar", name: words.shares ? `${label} (${(100 * share(below)).toFixed(1)} %)` : label,
    x: bins.x.filter((_, i) => bins.below[i] === below), y: bins.y.filter((_, i) => bins.below[i] === below),
    width: bins.width * 0.92, marker: { color: faded(colour, 0.75) },
    hovertemplate: `%{x:${words.form}}: %{y:.2%}<extra></extra>`,
  });
  const parts = words.below ? [part(true, words.below, c.down), part(false, words.above, c.accent)] : [part(false, words.above, c.down)];
  Plotly.react(chart(name), parts, layout(c, {
    barmode: "overlay", showlegend: Boolean(words.below), margin: { l: 56, r: 12, t: 30, b: 48 },
    xaxis: { title: titled(words.axis, c), tickformat: words.form, zeroline: true, zerolinecolor: c.faint },
    yaxis: { tickformat: ".0%", rangemode: "tozero", nticks: 5 },
    shapes: (words.lines || []).map(({ at, colour, dash }) => ({
      type: "line", x0: at, x1: at, y0: 0, y1: 1, yref: "paper", line: { color: colour, width: 1.5, dash },
    })),
    annotations: (words.lines || []).map(({ at, said, inside }) => ({
      x: at, y: 1, yref: "paper", yanchor: inside ? "top" : "bottom", xanchor: inside ? "left" : "center",
      text: said, showarrow: false, font: { size: 12, color: inside ? c.ink : c.soft },
    })),
  }), config);
}

function drawFortunes(c) {
  const found = data.fortunes;
  if (!found) return;
  drawBins(c, "growth", found.growth, { axis: "Return", form: ".0~%", below: "Lost", above: "Earned" });
  const lines = [{ at: 0.2, said: "20 %", colour: c.faint, dash: "dot" }, { at: 0.5, said: "50 %", colour: c.faint, dash: "dot" }];
  const furthest = Math.max(0, ...found.drawdown.x);
  const own = found.own === null ? [] : [{ at: found.own, said: "lived", inside: true, colour: c.ink, dash: "solid" }];
  drawBins(c, "ruin", found.drawdown, {
    axis: "Deepest drawdown", form: ".0~%", above: "Draws", lines: [...lines.filter(({ at }) => at <= furthest), ...own],
  });
}

// Draws all, and again when the reader's preference for light or dark changes.
function drawAlways(draw, name) {
  const state = { scale: "linear" };
  const whole = () => {
    const c = colours();
    if (chart("equity")) drawCurve(c, name, state.scale);
    drawFortunes(c);
    draw(c);
  };
  if (chart("equity")) scaleSwitch(state);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", whole);
  whole();
}

// About `limit` ticks for places that have names of their own.
function places(names, limit) {
  const step = Math.max(1, Math.ceil(names.length / limit));
  const shown = names.map((_, i) => i).filter((i) => i % step === 0);
  const cut = (name) => (name.length > 12 ? name.slice(0, 11) + "\u2026" : name);
  return { tickmode: "array", tickvals: shown, ticktext: shown.map((i) => plain(cut(names[i]))) };
}
